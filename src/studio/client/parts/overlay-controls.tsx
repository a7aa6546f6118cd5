/** @file The sliders and choices beside an overlay. */
import type { TestResult } from "../../test-types.ts";
import {
  type OverlaySettings,
  classColorChoices,
  imageColorChoices,
  overlaySliders,
} from "../lib/overlay-settings.ts";
import { SelectField } from "./field.tsx";

interface OverlayControlsProps {
  readonly settings: OverlaySettings;
  readonly onChange: (settings: OverlaySettings) => void;
  readonly result: TestResult;
}

export function OverlayControls({ settings, onChange, result }: OverlayControlsProps) {
  const set = (change: Partial<OverlaySettings>) => onChange({ ...settings, ...change });
  // Moving the outline of several classes would make them overlap.
  const sliders = overlaySliders.filter(({ key }) => key !== "threshold" || result.classCount <= 2);
  return (
    <>
      <div class="sliders">
        {sliders.map(({ key, label, ...range }) => (
          <label key={key} class="slider">
            <span>
              {label} <span>{settings[key]}</span>
            </span>
            <input
              type="range"
              {...range}
              value={settings[key]}
              onInput={(event) => set({ [key]: Number(event.currentTarget.value) })}
            />
          </label>
        ))}
      </div>
      <div class="columns">
        <SelectField
          label="Image"
          value={settings.imageColors}
          choices={imageColorChoices}
          onChange={(imageColors) => set({ imageColors })}
        />
        <SelectField
          label="Class colours"
          value={settings.classColors}
          choices={classColorChoices}
          onChange={(classColors) => set({ classColors })}
        />
      </div>
      {result.label !== undefined && (
        <label class="check">
          <input
            type="checkbox"
            checked={settings.showsLabel}
            onChange={(event) => set({ showsLabel: event.currentTarget.checked })}
          />
          Ground truth outline (yellow)
        </label>
      )}
    </>
  );
}
