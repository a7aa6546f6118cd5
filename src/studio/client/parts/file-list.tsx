/** @file Files that a form takes: uploaded, from another job, or from an allowed folder. */
import { useState } from "preact/hooks";
import type { FileRef } from "../../api-types.ts";
import { errorsOf, upload } from "../lib/api.ts";
import { Field } from "./field.tsx";

export function fileName(ref: FileRef): string {
  if ("upload" in ref) return ref.name;
  return "job" in ref ? `${ref.file} of ${ref.job}` : ref.path;
}

interface FileListProps {
  readonly label: string;
  readonly accept: string;
  readonly hint: string;
  readonly error?: string | undefined;
  readonly files: readonly FileRef[];
  readonly onChange: (files: readonly FileRef[]) => void;
}

export function FileList({ label, accept, hint, error, files, onChange }: FileListProps) {
  const [problem, setProblem] = useState("");
  const add = async (input: HTMLInputElement) => {
    setProblem("");
    try {
      const added = await Promise.all([...(input.files ?? [])].map(upload));
      onChange([...files, ...added]);
    } catch (reason) {
      setProblem(Object.values(errorsOf(reason)).flat().join(" "));
    }
    input.value = "";
  };
  return (
    <Field label={label} hint={hint} error={problem || error}>
      {(control) => (
        <>
          <ul class="files">
            {files.map((ref, index) => (
              <li key={fileName(ref)}>
                <span>{fileName(ref)}</span>
                <button
                  type="button"
                  aria-label={`Remove ${fileName(ref)}`}
                  onClick={() => onChange(files.filter((_, other) => other !== index))}
                >
                  Remove
                </button>
              </li>
            ))}
          </ul>
          <input
            {...control}
            type="file"
            multiple
            accept={accept}
            onChange={(event) => void add(event.currentTarget)}
          />
        </>
      )}
    </Field>
  );
}
