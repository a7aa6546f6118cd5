/** @file Solver options with DIGITS' names and defaults, and the learning rate as a curve. */
import type { DeviceName } from "../../../device/names.ts";
import { type PolicyName, defaultPolicies, meanSubtractions } from "../../../job/form-settings.ts";
import type { FieldErrors } from "../lib/api.ts";
import { short } from "../lib/format.ts";
import { type ModelDraft, policyCurve, policyDraft } from "../lib/model-draft.ts";
import { SelectField, TextField, errorFor } from "./field.tsx";

const SOLVERS = ["SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"] as const;
const DEVICES = [
  ["auto", "GPU where there is one"],
  ["cpu", "CPU"],
  ["webgpu", "GPU (WebGPU)"],
  ["tfjs", "GPU (TensorFlow.js)"],
] as const satisfies readonly (readonly [DeviceName, string])[];
const POLICIES: Readonly<Record<PolicyName, string>> = {
  fixed: "Fixed",
  step: "Step down",
  multistep: "Step down (arbitrary steps)",
  exp: "Exponential decay",
  inv: "Inverse decay",
  poly: "Polynomial decay",
  sigmoid: "Sigmoid decay",
};

interface SolverFieldsProps {
  readonly draft: ModelDraft;
  readonly set: (change: Partial<ModelDraft>) => void;
  readonly errors: FieldErrors;
}

export function SolverFields({ draft, set, errors }: SolverFieldsProps) {
  const number = (label: string, key: keyof ModelDraft & string, hint?: string) => (
    <TextField
      label={label}
      inputMode="decimal"
      value={String(draft[key])}
      onChange={(value) => set({ [key]: value })}
      error={errorFor(errors, key)}
      {...(hint ? { hint } : {})}
    />
  );
  return (
    <section>
      <h2>Solver options</h2>
      <div class="columns">
        {number("Training epochs", "epochs")}
        {number("Snapshot interval (in epochs)", "snapshotInterval")}
        {number("Validation interval (in epochs)", "valInterval")}
        {number(
          "Batch size",
          "batchSizes",
          "As in the network if empty; several, such as 1, 4, make a model each.",
        )}
        {number("Validation batch size", "valBatchSize", "As the batch size if empty.")}
        {number("Batch accumulation", "iterSize", "Batches whose gradients make one update.")}
        <SelectField
          label="Solver type"
          value={draft.solverType}
          onChange={(solverType) => set({ solverType })}
          choices={SOLVERS.map((name) => [name, name] as const)}
        />
        {draft.solverType === "RMSProp" && number("RMS decay", "rmsDecay")}
        {number(
          "Base learning rate",
          "learningRates",
          "Several, such as 0.01, 0.001, make a model each.",
        )}
        <SelectField
          label="Policy"
          value={draft.policy}
          onChange={(policy) => set(policyDraft(defaultPolicies[policy]))}
          choices={Object.entries(POLICIES) as [PolicyName, string][]}
        />
        {draft.stepPercent !== "" && number("Step size (%)", "stepPercent")}
        {draft.percents !== "" && number("Steps (%)", "percents")}
        {draft.gamma !== "" && number("Gamma", "gamma")}
        {draft.power !== "" && number("Power", "power")}
        <SelectField
          label="Subtract mean"
          value={draft.mean}
          onChange={(mean) => set({ mean })}
          choices={meanSubtractions.map((name) => [name, name] as const)}
        />
        {number("Crop size", "cropSize", "Cuts images, not label images.")}
        {number("Random seed", "seed", "With a seed, the same training again.")}
        <SelectField
          label="Device"
          value={draft.device}
          onChange={(device) => set({ device })}
          choices={DEVICES}
        />
      </div>
      <RateCurve draft={draft} />
    </section>
  );
}

function RateCurve({ draft }: { draft: ModelDraft }) {
  const values = policyCurve(draft, 101);
  const top = Math.max(...values);
  if (!(top > 0) || !values.every(Number.isFinite)) return null;
  const points = values.map((value, i) => `${i * 3},${62 - (value / top) * 58}`).join(" ");
  return (
    <figure class="rate">
      <svg viewBox="0 0 300 64" preserveAspectRatio="none" aria-hidden="true">
        <polyline points={points} />
      </svg>
      <figcaption class="soft">
        Learning rate from {short(values[0] ?? 0)} to {short(values.at(-1) ?? 0)} over the training
      </figcaption>
    </figure>
  );
}
