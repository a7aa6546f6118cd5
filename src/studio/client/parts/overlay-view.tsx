/** @file A segmentation over its image, with DIGITS' sliders; drawn by the same code as `cortado infer`. */
import { useEffect, useRef, useState } from "preact/hooks";
import { overlay } from "../../../job/overlay.ts";
import { classPalette } from "../../../job/palette.ts";
import type { TestResult } from "../../api-types.ts";
import { short } from "../lib/format.ts";

const SIZE = 640;
const DEFAULTS = { opacity: 0.3, maskOpacity: 0, lineWidth: 3, threshold: 0 };
const SLIDERS = [
  { key: "opacity", label: "Opacity", min: 0, max: 1, step: 0.01 },
  { key: "maskOpacity", label: "Mask", min: 0, max: 1, step: 0.01 },
  { key: "lineWidth", label: "Line width", min: 0, max: 6, step: 0.5 },
  { key: "threshold", label: "Threshold", min: -20, max: 20, step: 0.5 },
] as const;

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export function OverlayView({ result }: { result: TestResult }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [sliders, setSliders] = useState(DEFAULTS);
  const [showsTruth, setShowsTruth] = useState(true);
  const [spot, setSpot] = useState("");
  const { width, height, classCount } = result;
  const classes = bytesOf(result.classes);
  const nameOf = (index: number) => result.classNames[index] ?? `class ${index}`;
  useEffect(() => {
    const frame = requestAnimationFrame(() => draw(canvas.current, result, sliders, showsTruth));
    return () => cancelAnimationFrame(frame);
  }, [result, sliders, showsTruth]);
  return (
    <div class="overlay-view">
      <figure>
        <canvas
          ref={canvas}
          role="img"
          aria-label={`${result.title} with what the model found`}
          onMouseMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            const x = Math.floor(((event.clientX - box.left) / box.width) * width);
            const y = Math.floor(((event.clientY - box.top) / box.height) * height);
            setSpot(`${nameOf(classes[y * width + x] ?? 0)} at ${x}, ${y}`);
          }}
          onMouseLeave={() => setSpot("")}
        />
        <figcaption>{spot || result.title}</figcaption>
      </figure>
      <div class="controls">
        {SLIDERS.filter(({ key }) => key !== "threshold" || classCount <= 2).map(
          ({ key, label, ...range }) => (
            <label key={key} class="slider">
              <span>
                {label} <span>{sliders[key]}</span>
              </span>
              <input
                type="range"
                {...range}
                value={sliders[key]}
                onInput={(event) =>
                  setSliders({ ...sliders, [key]: Number(event.currentTarget.value) })
                }
              />
            </label>
          ),
        )}
        {result.label !== undefined && (
          <label class="check">
            <input
              type="checkbox"
              checked={showsTruth}
              onChange={(event) => setShowsTruth(event.currentTarget.checked)}
            />
            Ground truth outline (yellow)
          </label>
        )}
        <button type="button" onClick={() => setSliders(DEFAULTS)}>
          Reset
        </button>
        <Found result={result} nameOf={nameOf} />
      </div>
    </div>
  );
}

function Found({ result, nameOf }: { result: TestResult; nameOf: (index: number) => string }) {
  const palette = classPalette(Math.max(2, result.classCount));
  const found = result.scores.filter((score) => score.class !== 0);
  if (!found.some(({ predicted }) => predicted > 0)) {
    return (
      <p class="banner note">
        The network finds nothing but background here.
        {found.some(({ labelled = 0 }) => labelled > 0) &&
          " The ground truth has an object: Dice 0."}
      </p>
    );
  }
  return (
    <table>
      <thead>
        <tr>
          <th>Class</th>
          <th class="number">Pixels</th>
          {result.label !== undefined && <th class="number">Dice</th>}
        </tr>
      </thead>
      <tbody>
        {found.map((score) => (
          <tr key={score.class}>
            <td>
              <svg class="swatch" viewBox="0 0 1 1" aria-hidden="true">
                <rect
                  width="1"
                  height="1"
                  fill={`rgb(${(palette[score.class] ?? [128, 128, 128]).join()})`}
                />
              </svg>
              {nameOf(score.class)}
            </td>
            <td class="number">{score.predicted}</td>
            {result.label !== undefined && (
              <td class="number">{score.dice === undefined ? "" : short(score.dice)}</td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function draw(
  canvas: HTMLCanvasElement | null,
  result: TestResult,
  sliders: typeof DEFAULTS,
  showsTruth: boolean,
): void {
  const context = canvas?.getContext("2d");
  if (!canvas || !context) return;
  const { width, height, classCount } = result;
  const channels = result.channels === 3 ? 3 : 1;
  const map = (classes: string) => ({ width, height, classes: bytesOf(classes) });
  const drawn = overlay(
    { width, height, channels, pixels: bytesOf(result.image) },
    map(result.classes),
    {
      ...sliders,
      classCount,
      scale: Math.max(1, Math.min(4, Math.round(SIZE / width))),
      ...(showsTruth && result.label !== undefined ? { label: map(result.label) } : {}),
    },
  );
  canvas.width = drawn.width;
  canvas.height = drawn.height;
  const image = context.createImageData(drawn.width, drawn.height);
  for (let i = 0, o = 0; i < drawn.pixels.length; i += 3, o += 4) {
    image.data.set(drawn.pixels.subarray(i, i + 3), o);
    image.data[o + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
