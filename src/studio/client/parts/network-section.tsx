/** @file The network: a text to edit, networks to start from, and what it amounts to. */
import { useId } from "preact/hooks";
import type { CheckResult, NetworkTemplate } from "../../api-types.ts";
import { bytes, grouped } from "../lib/format.ts";
import type { ModelDraft } from "../lib/model-draft.ts";
import { useFetched } from "../lib/use-data.ts";
import { SelectField } from "./field.tsx";
import { NetworkEditor, useCheck } from "./network-editor.tsx";

interface NetworkSectionProps {
  readonly draft: ModelDraft;
  readonly set: (change: Partial<ModelDraft>) => void;
}

export function NetworkSection({ draft, set }: NetworkSectionProps) {
  const id = useId();
  const templates = useFetched<NetworkTemplate[]>("/api/networks");
  const check = useCheck(draft.network, draft.dataset, draft.weights.length > 0);
  const problem = draft.network.trim() === "" ? undefined : check?.problem;
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Network</h2>
      <SelectField
        label="Start from"
        value=""
        onChange={(chosen) => {
          const found = templates.value?.find((template) => template.id === chosen);
          if (found) set({ network: found.text });
        }}
        choices={[
          ["", "Choose a standard network, or paste your own below"],
          ...(templates.value ?? []).map(({ id: value, title }): [string, string] => [
            value,
            title,
          ]),
        ]}
      />
      <div class="network">
        <NetworkEditor
          id={id}
          value={draft.network}
          problem={problem}
          onChange={(network) => set({ network })}
        />
        <div class="verdict" aria-live="polite">
          {problem && (
            <p class="banner bad">
              {problem.line === undefined ? "" : `Line ${problem.line}, column ${problem.column}: `}
              {problem.message}
            </p>
          )}
          {check && !check.problem && <Summary check={check} hasLayers={draft.layers.length > 0} />}
          {draft.network.trim() === "" && (
            <p class="empty">The layers, their shapes and what they cost appear here.</p>
          )}
        </div>
      </div>
    </section>
  );
}

function Summary({ check, hasLayers }: { check: CheckResult; hasLayers: boolean }) {
  return (
    <>
      <p>
        <strong>{grouped(check.parameters)}</strong> parameters; training needs about{" "}
        <strong>{bytes(check.bytes)}</strong>.
      </p>
      {check.customLayers.length > 0 && !hasLayers && (
        <p class="banner note">
          This network has custom layers ({check.customLayers.join(", ")}): add their files below.
        </p>
      )}
      {check.notes.map((note) => (
        <p key={note} class="banner note">
          {note}
        </p>
      ))}
      <section
        class="scroll layers"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Layers of the training network"
      >
        <table>
          <thead>
            <tr>
              <th>Layer</th>
              <th>Type</th>
              <th>Output</th>
              <th class="number">Parameters</th>
              <th>In</th>
            </tr>
          </thead>
          <tbody>
            {check.layers.map(({ name, type, tops, parameters, states }) => (
              <tr key={name + states.join()}>
                <td>{name}</td>
                <td>{type}</td>
                <td>{tops.map(({ shape }) => shape.join(" × ") || "1").join(", ")}</td>
                <td class="number">{parameters > 0 ? grouped(parameters) : ""}</td>
                <td>{states.length === 3 ? "all" : states.join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
