/** @file The augmentation while it is filled in: one text a strength, and the settings it becomes. */
import type { JobAugmentation } from "../../api-types.ts";

export interface AugmentationDraft {
  readonly flipX: boolean;
  readonly flipY: boolean;
  /** As typed; empty for none. */
  readonly strengths: Readonly<Record<Strength, string>>;
}

export type Strength = Exclude<keyof JobAugmentation, "flipX" | "flipY">;

/** What a strength is called, and what its number means. */
export const strengths = {
  rotate: { label: "Rotation", hint: "degrees, at most" },
  scale: { label: "Scaling", hint: "0.1: up to 10 %" },
  shift: { label: "Shift", hint: "0.05: up to 5 % of the edge" },
  elastic: { label: "Elastic warp", hint: "0.02: up to 2 % of the edge" },
  elasticGrid: { label: "Warp grid", hint: "squares a side; 4 if empty" },
  brightness: { label: "Brightness", hint: "0.1: up to 10 % of the range" },
  contrast: { label: "Contrast", hint: "0.2: up to 20 %" },
  gamma: { label: "Gamma", hint: "0.3: exponents of 0.74 to 1.35" },
  noise: { label: "Noise", hint: "0.02: up to 2 % of the range" },
} as const satisfies Record<Strength, { label: string; hint: string }>;

const names = Object.keys(strengths) as Strength[];

export const noAugmentation: AugmentationDraft = {
  ...{ flipX: false, flipY: false },
  strengths: Object.fromEntries(names.map((name) => [name, ""])) as Record<Strength, string>,
};

/** A mild mixture that suits most medical images: what the tutorial's last exercise tries. */
export const usualAugmentation: AugmentationDraft = {
  ...{ flipX: true, flipY: false },
  strengths: {
    ...noAugmentation.strengths,
    ...{ rotate: "15", scale: "0.1", shift: "0.05", elastic: "0.02", gamma: "0.3" },
  },
};

export function augmentationDraft(settings: JobAugmentation | undefined): AugmentationDraft {
  const text = (name: Strength) => (settings?.[name] === undefined ? "" : `${settings[name]}`);
  return {
    ...{ flipX: settings?.flipX ?? false, flipY: settings?.flipY ?? false },
    strengths: Object.fromEntries(names.map((name) => [name, text(name)])) as Record<
      Strength,
      string
    >,
  };
}

/** @returns undefined where nothing is asked for */
export function augmentationOf(draft: AugmentationDraft): JobAugmentation | undefined {
  const given = names.filter((name) => draft.strengths[name].trim() !== "");
  const settings: JobAugmentation = {
    ...(draft.flipX ? { flipX: true } : {}),
    ...(draft.flipY ? { flipY: true } : {}),
    ...Object.fromEntries(given.map((name) => [name, Number(draft.strengths[name])])),
  };
  return Object.keys(settings).length === 0 ? undefined : settings;
}
