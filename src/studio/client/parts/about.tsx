/** @file What a user calls a job, and notes about it. */
import { useState } from "preact/hooks";
import type { JobAbout } from "../../api-types.ts";
import { errorsOf, put } from "../lib/api.ts";

interface AboutProps {
  readonly id: string;
  readonly about: JobAbout;
  readonly onSaved: () => void;
}

/** The name of a job, with a way to change it; the folder keeps its own. */
export function Title({ id, about, onSaved }: AboutProps) {
  const [draft, setDraft] = useState<string>();
  const [problem, setProblem] = useState("");
  const shown = about.title || id;
  const save = async (event: Event) => {
    event.preventDefault();
    const title = draft?.trim() === id ? "" : (draft?.trim() ?? "");
    try {
      await put(`/api/jobs/${id}/about`, { title });
      setDraft(undefined);
      onSaved();
    } catch (error) {
      setProblem(Object.values(errorsOf(error)).flat().join(" "));
    }
  };
  if (draft === undefined) {
    return (
      <div class="job-title">
        <h1>{shown}</h1>
        {about.title && <span class="soft path">{id}</span>}
        <button type="button" class="link soft" onClick={() => setDraft(shown)}>
          Rename
        </button>
      </div>
    );
  }
  return (
    <form class="job-title" onSubmit={save}>
      <input
        type="text"
        aria-label="Name"
        value={draft}
        maxLength={100}
        ref={(input) => input?.focus()}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && setDraft(undefined)}
      />
      <button type="submit">Save</button>
      {problem && <p class="error">{problem}</p>}
    </form>
  );
}

/** Free text about a job, kept when the field is left. */
export function Notes({ id, about, onSaved }: AboutProps) {
  const [draft, setDraft] = useState<string>();
  const [state, setState] = useState("");
  const save = async () => {
    if (draft === undefined || draft === about.notes) return;
    try {
      await put(`/api/jobs/${id}/about`, { notes: draft });
      setState("Saved.");
      onSaved();
    } catch (error) {
      setState(Object.values(errorsOf(error)).flat().join(" "));
    }
  };
  return (
    <section aria-labelledby="notes">
      <h2 id="notes">Notes</h2>
      <textarea
        class="notes"
        aria-labelledby="notes"
        rows={3}
        maxLength={20_000}
        placeholder="What this was for, and what came out"
        value={draft ?? about.notes}
        onInput={(event) => {
          setDraft(event.currentTarget.value);
          setState("");
        }}
        onBlur={() => void save()}
      />
      <p class="hint" aria-live="polite">
        {state || "Kept when you leave the field."}
      </p>
    </section>
  );
}
