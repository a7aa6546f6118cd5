/** @file A segmentation over its image, with DIGITS' sliders; drawn by the same code as `cortado infer`. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { overlayDrawer } from "../../../job/overlay.ts";
import type { TestResult } from "../../test-types.ts";
import { short } from "../lib/format.ts";
import {
  type OverlaySettings,
  keepSettings,
  overlayDefaults,
  paletteOf,
  readSettings,
  slidersOf,
} from "../lib/overlay-settings.ts";
import {
  type Spot,
  bytesOf,
  diceOf,
  downloadName,
  spotAfter,
  spotAt,
  spotText,
} from "../lib/test-result.ts";
import { OverlayControls } from "./overlay-controls.tsx";
import { ScoreTable } from "./score-table.tsx";

const SIZE = 640;

export function OverlayView({ model, result }: { model: string; result: TestResult }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [settings, setSettings] = useState(() => readSettings(localStorage));
  const [spot, setSpot] = useState<Spot>();
  const maps = useMemo(() => mapsOf(result), [result]);
  const draw = useMemo(() => drawerOf(result), [result]);
  const nameOf = (index: number) => result.classNames[index] ?? `class ${index}`;
  useEffect(() => {
    const frame = requestAnimationFrame(() => paint(canvas.current, draw, settings, result));
    return () => cancelAnimationFrame(frame);
  }, [draw, settings, result]);
  useEffect(() => keepSettings(settings, localStorage), [settings]);
  const dice = diceOf(result);
  return (
    <div class="overlay-view">
      <figure>
        <canvas
          ref={canvas}
          role="img"
          aria-label={`${result.title} with what the model found; arrow keys tell the class of a pixel`}
          tabIndex={0}
          onMouseMove={(event) => {
            const { clientX: x, clientY: y } = event;
            setSpot(spotAt({ x, y }, event.currentTarget.getBoundingClientRect(), result));
          }}
          onMouseLeave={() => setSpot(undefined)}
          onKeyDown={(event) => {
            const next = spotAfter(event.key, event.shiftKey, spot, result);
            if (next) event.preventDefault();
            if (next) setSpot(next);
          }}
        />
        <figcaption>
          <span>{result.title}</span>
          <output aria-live="polite">{spot && spotText(spot, result, maps, nameOf)}</output>
        </figcaption>
      </figure>
      <div class="controls">
        {dice !== undefined && (
          <p class="score">
            Dice <strong>{dice.toFixed(3)}</strong>
          </p>
        )}
        <ScoreTable
          result={result}
          nameOf={nameOf}
          palette={paletteOf(settings, result.classCount, result.palette)}
          lit={spot && (maps.classes[spot.y * result.width + spot.x] ?? 0)}
        />
        <OverlayControls settings={settings} onChange={setSettings} result={result} />
        <div class="actions">
          <button type="button" onClick={() => setSettings(overlayDefaults)}>
            Reset
          </button>
          <button
            type="button"
            onClick={() =>
              downloadCanvas(canvas.current, downloadName(model, result.title, "overlay.png"))
            }
          >
            Download overlay
          </button>
          <button
            type="button"
            onClick={() => void downloadMask(result, downloadName(model, result.title, "mask.png"))}
          >
            Download mask
          </button>
        </div>
        <p class="hint">
          Snapshot of iteration {result.iter}. Gray values {short(result.window.low)} to{" "}
          {short(result.window.high)} are shown black to white.
        </p>
      </div>
    </div>
  );
}

function mapsOf({ classes, label }: TestResult) {
  return {
    classes: bytesOf(classes),
    label: label === undefined ? undefined : bytesOf(label),
  };
}

function drawerOf(result: TestResult) {
  const { width, height, classCount } = result;
  const { classes, label } = mapsOf(result);
  const channels = result.channels === 3 ? 3 : 1;
  const image = { width, height, channels, pixels: bytesOf(result.image) } as const;
  const scale = Math.max(1, Math.min(4, Math.round(SIZE / width)));
  const truth = label && { width, height, classes: label };
  return overlayDrawer(
    image,
    { width, height, classes },
    { classCount, scale, ...(truth ? { label: truth } : {}) },
  );
}

function paint(
  canvas: HTMLCanvasElement | null,
  draw: ReturnType<typeof overlayDrawer>,
  settings: OverlaySettings,
  { classCount, palette }: TestResult,
): void {
  const context = canvas?.getContext("2d");
  if (!canvas || !context) return;
  const { width, height, pixels } = draw(slidersOf(settings, classCount, palette));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const image = context.createImageData(width, height);
  for (let i = 0, o = 0; i < pixels.length; i += 3, o += 4) {
    image.data[o] = pixels[i]!;
    image.data[o + 1] = pixels[i + 1]!;
    image.data[o + 2] = pixels[i + 2]!;
    image.data[o + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

function downloadCanvas(canvas: HTMLCanvasElement | null, name: string): void {
  canvas?.toBlob((blob) => blob && download(blob, name), "image/png");
}

/** The classes as an indexed PNG, whose encoder is loaded when it is needed. */
async function downloadMask(result: TestResult, name: string): Promise<void> {
  const { maskPng } = await import("../../../job/mask.ts");
  const { width, height, classCount } = result;
  const png = maskPng({ width, height, classes: bytesOf(result.classes) }, classCount);
  download(new Blob([Uint8Array.from(png)], { type: "image/png" }), name);
}

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
