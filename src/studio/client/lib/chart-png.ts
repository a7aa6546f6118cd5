/** @file A chart of the page as a picture, with its legend and a title. */

const MARGIN = 16;
const LINE = 20;

/** Draws what uPlot has drawn in `box`, as it is zoomed now. */
export function chartPng(box: HTMLElement, title: string): Promise<Blob | null> {
  const plot = box.querySelector("canvas");
  const picture = document.createElement("canvas");
  const context = picture.getContext("2d");
  if (!plot || !context) return Promise.resolve(null);
  const scale = plot.width / plot.clientWidth;
  const names = [...box.querySelectorAll<HTMLElement>(".u-legend .u-series")].slice(1);
  picture.width = plot.width + 2 * MARGIN * scale;
  picture.height = plot.height + (2 * MARGIN + LINE * (names.length + 2)) * scale;
  const style = getComputedStyle(document.documentElement);
  context.fillStyle = style.getPropertyValue("--card");
  context.fillRect(0, 0, picture.width, picture.height);
  context.drawImage(plot, MARGIN * scale, (MARGIN + LINE) * scale);
  context.scale(scale, scale);
  context.font = "600 15px system-ui, sans-serif";
  context.fillStyle = style.getPropertyValue("--ink");
  context.fillText(title, MARGIN, MARGIN + 8);
  context.font = "13px system-ui, sans-serif";
  const top = MARGIN + LINE * 2 + plot.height / scale;
  for (const [i, row] of names.entries()) {
    const marker = row.querySelector<HTMLElement>(".u-marker");
    const y = top + i * LINE;
    context.fillStyle = marker ? getComputedStyle(marker).borderTopColor : "gray";
    context.fillRect(MARGIN, y - 9, 18, 4);
    context.fillStyle = style.getPropertyValue("--ink");
    context.fillText(row.querySelector(".u-label")?.textContent ?? "", MARGIN + 26, y - 3);
  }
  return new Promise((resolve) => picture.toBlob(resolve, "image/png"));
}

/** Gives the browser a file to keep. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
