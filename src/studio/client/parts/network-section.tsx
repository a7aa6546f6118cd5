/** @file The network: a text to edit, networks to start from, and what it amounts to. */
import { useId, useState } from "preact/hooks";
import type { CheckResult, NetworkTemplate } from "../../api-types.ts";
import { bytes, grouped } from "../lib/format.ts";
import { type ModelDraft, checkFormOf } from "../lib/model-draft.ts";
import { useCheck } from "../lib/use-check.ts";
import { useFetched } from "../lib/use-data.ts";
import { SelectField } from "./field.tsx";
import { LayerTable } from "./layer-table.tsx";
import { NetGraph } from "./net-graph.tsx";
import { type Jump, NetworkEditor } from "./network-editor.tsx";

interface NetworkSectionProps {
  readonly draft: ModelDraft;
  readonly set: (change: Partial<ModelDraft>) => void;
}

export function NetworkSection({ draft, set }: NetworkSectionProps) {
  const id = useId();
  const templates = useFetched<NetworkTemplate[]>("/api/networks");
  const { result, isOld, refusal } = useCheck(checkFormOf(draft));
  const [jump, setJump] = useState<Jump>();
  const isEmpty = draft.network.trim() === "";
  const goTo = (line: number) => setJump({ line });
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
          problem={isEmpty ? undefined : result?.problem}
          jump={jump}
          onChange={(network) => set({ network })}
        />
        <div class="verdict" aria-busy={isOld}>
          {isEmpty && (
            <p class="empty">
              The graph of the network appears here while you write: its layers, their shapes, what
              they cost, and what could not be trained.
            </p>
          )}
          {refusal && <p class="banner bad">{refusal}</p>}
          {result && !isEmpty && <Verdict check={result} onGo={goTo} />}
        </div>
      </div>
    </section>
  );
}

interface VerdictProps {
  readonly check: CheckResult;
  readonly onGo: (line: number) => void;
}

function Verdict({ check, onGo }: VerdictProps) {
  const [view, setView] = useState<"graph" | "table">("graph");
  const { problem, graph, layers, notes, missingLayers } = check;
  const shown = graph ? view : "table";
  return (
    <>
      <div aria-live="polite">
        {problem && (
          <p class="banner bad">
            {problem.line !== undefined && (
              <>
                <button type="button" class="link" onClick={() => onGo(problem.line!)}>
                  Line {problem.line}, column {problem.column}
                </button>
                {": "}
              </>
            )}
            {problem.message}
          </p>
        )}
        {!problem && (
          <p>
            <strong>{grouped(check.parameters)}</strong> parameters; training needs about{" "}
            <strong>{bytes(check.bytes)}</strong>.
          </p>
        )}
        {missingLayers.length > 0 && (
          <p class="banner note">
            Add the file of the custom layer {missingLayers.join(", ")} below. Until then its shape
            is a guess.
          </p>
        )}
        {notes.map((note) => (
          <p key={note} class="banner note">
            {note}
          </p>
        ))}
      </div>
      {graph && (
        <fieldset class="segments" aria-label="How the network is shown">
          {(["graph", "table"] as const).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={view === name}
              onClick={() => setView(name)}
            >
              {name === "graph" ? "Graph" : "Layers"}
            </button>
          ))}
        </fieldset>
      )}
      {shown === "graph" && graph && <NetGraph net={graph} onChoose={onGo} />}
      {shown === "table" && layers.length > 0 && <LayerTable layers={layers} onChoose={onGo} />}
    </>
  );
}
