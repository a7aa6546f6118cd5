/** @file Which models are compared: those that are, and the newest others; a search where there are many. */
import { useState } from "preact/hooks";
import type { JobSummary } from "../../api-types.ts";
import { filterOf, filtered } from "../lib/job-filter.ts";

/** As many as can be looked over. */
const SHOWN = 18;
const plain = filterOf(new URLSearchParams());

interface RunChoiceProps {
  readonly models: readonly JobSummary[];
  /** Of the chosen ones. */
  readonly ids: readonly string[];
  readonly onToggle: (id: string) => void;
}

export function RunChoice({ models, ids, onToggle }: RunChoiceProps) {
  const [find, setFind] = useState("");
  const chosen = models.filter(({ id }) => ids.includes(id));
  const others = filtered(models, { ...plain, find }).filter(({ id }) => !ids.includes(id));
  const shown = others.slice(0, SHOWN);
  return (
    <fieldset class="choices">
      <legend>Models</legend>
      {models.length > SHOWN && (
        <input
          type="search"
          aria-label="Find models"
          placeholder="Find by name or dataset"
          value={find}
          onInput={(event) => setFind(event.currentTarget.value)}
        />
      )}
      {[...chosen, ...shown].map(({ id, title }) => (
        <label key={id} class="check">
          <input type="checkbox" checked={ids.includes(id)} onChange={() => onToggle(id)} />
          {title ?? id}
        </label>
      ))}
      {others.length > shown.length && (
        <span class="soft">and {others.length - shown.length} more: find them by name</span>
      )}
    </fieldset>
  );
}
