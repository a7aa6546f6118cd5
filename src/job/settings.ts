/** @file What a job is made from, and the checks on it. */
import { deviceNames } from "../device/index.ts";
import { UsageError } from "../errors.ts";
import { checkAugmentation } from "./augmentation.ts";
import type { FormSettings } from "./form-settings.ts";

export * from "./form-settings.ts";

export type JobSettings = FormSettings;

/** @throws UsageError that names the first setting that cannot be trained with. */
export function checkSettings(settings: JobSettings): void {
  wholeFrom(1, "epochs", settings.epochs);
  wholeFrom(1, "batch size", settings.batchSize);
  wholeFrom(1, "validation batch size", settings.valBatchSize);
  wholeFrom(1, "iter size", settings.iterSize);
  wholeFrom(1, "crop size", settings.cropSize);
  checkAugmentation(settings.augmentation);
  checkDevice(settings.device);
  numberFrom(0, "snapshot interval", settings.snapshotInterval);
  numberFrom(0, "validation interval", settings.valInterval);
  numberFrom(0, "learning rate", settings.learningRate);
}

function checkDevice(device: string | undefined): void {
  if (device === undefined || deviceNames.some((name) => name === device)) return;
  throw new UsageError(`the device is one of ${deviceNames.join(", ")}, not "${device}"`);
}

function wholeFrom(least: number, name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= least)) return;
  throw new UsageError(`the ${name} must be a whole number of ${least} or more, not ${value}`);
}

function numberFrom(least: number, name: string, value: number): void {
  if (Number.isFinite(value) && value >= least) return;
  throw new UsageError(`the ${name} must be a number of ${least} or more, not ${value}`);
}
