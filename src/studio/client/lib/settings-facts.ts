/** @file The settings of a training in words, as pages list them. */
import type { JobAugmentation, JobSettings } from "../../api-types.ts";
import { strengths } from "./augmentation-draft.ts";

/** Names and values, in the order of the form. */
export function settingsFacts(settings: JobSettings): [name: string, value: string][] {
  const { batchSize, valBatchSize, iterSize, cropSize, seed, weights } = settings;
  return [
    ["Epochs", `${settings.epochs}`],
    ["Batch size", batchText(batchSize, iterSize)],
    ...(valBatchSize === undefined ? [] : [pair("Validation batch size", valBatchSize)]),
    ["Learning rate", `${settings.learningRate}, ${policyText(settings.policy)}`],
    ["Solver", solverText(settings)],
    ["Mean subtraction", settings.mean],
    ...(cropSize === undefined ? [] : [pair("Crop size", cropSize)]),
    ["Augmentation", augmentationText(settings.augmentation)],
    ...(seed === undefined ? [] : [pair("Random seed", seed)]),
    ["Pretrained", weights.map(lastNames).join(", ") || "no"],
  ];
}

const pair = (name: string, value: number): [string, string] => [name, `${value}`];

function batchText(batchSize: number | undefined, iterSize: number | undefined): string {
  const batch = batchSize === undefined ? "as in the network" : `${batchSize}`;
  return iterSize === undefined || iterSize === 1 ? batch : `${batch}, ${iterSize} added up`;
}

function solverText({ solverType, rmsDecay }: JobSettings): string {
  return solverType === "RMSProp" ? `RMSProp, decay ${rmsDecay}` : solverType;
}

/** `step (33 %, gamma 0.1)` */
export function policyText(policy: JobSettings["policy"]): string {
  const parts = [
    ...("stepPercent" in policy ? [`${policy.stepPercent} %`] : []),
    ...("percents" in policy ? [`${policy.percents.join(", ")} %`] : []),
    ...("gamma" in policy ? [`gamma ${policy.gamma}`] : []),
    ...("power" in policy ? [`power ${policy.power}`] : []),
  ];
  return parts.length === 0 ? policy.policy : `${policy.policy} (${parts.join(", ")})`;
}

function augmentationText(augmentation: JobAugmentation | undefined): string {
  if (!augmentation) return "none";
  const { flipX, flipY, ...numbers } = augmentation;
  const flips =
    flipX && flipY
      ? ["flips both ways"]
      : flipX
        ? ["flips"]
        : flipY
          ? ["flips top and bottom"]
          : [];
  const given = Object.entries(numbers).map(
    ([name, value]) => `${strengths[name as keyof typeof strengths].label.toLowerCase()} ${value}`,
  );
  return [...flips, ...given].join(", ");
}

/** The folder and the file. */
const lastNames = (path: string) => path.split("/").slice(-2).join("/");
