/** @file A field for a folder or a file inside the allowed folders, with a dialog to look for it. */
import { useRef, useState } from "preact/hooks";
import type { FolderList, StudioInfo } from "../../api-types.ts";
import { useFetched } from "../lib/use-data.ts";
import { Field } from "./field.tsx";

interface FolderFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly error?: string | undefined;
  /** Files whose names match can be chosen, instead of a folder. */
  readonly files?: RegExp;
}

export function FolderField({ label, value, onChange, hint, error, files }: FolderFieldProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [place, setPlace] = useState<string>();
  const choose = (path: string) => {
    onChange(path);
    dialog.current?.close();
  };
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <div class="with-button">
          <input
            {...control}
            value={value}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => onChange(event.currentTarget.value)}
          />
          <button
            type="button"
            onClick={() => {
              setPlace(undefined);
              dialog.current?.showModal();
            }}
          >
            Browse
          </button>
          <dialog ref={dialog} aria-label={`Choose: ${label}`}>
            <Browser place={place} onMove={setPlace} onChoose={choose} files={files} />
            <button type="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          </dialog>
        </div>
      )}
    </Field>
  );
}

interface BrowserProps {
  readonly place: string | undefined;
  readonly onMove: (path: string | undefined) => void;
  readonly onChoose: (path: string) => void;
  readonly files: RegExp | undefined;
}

function Browser({ place, onMove, onChoose, files }: BrowserProps) {
  const info = useFetched<StudioInfo>("/api/info");
  const path = place && `/api/folders?path=${encodeURIComponent(place)}`;
  const { value, error } = useFetched<FolderList>(path);
  if (place === undefined) {
    const roots = [...(info.value?.roots ?? []), ...(info.value ? [info.value.jobs] : [])];
    return <Entries title="Folders of the studio" names={roots} onOpen={onMove} />;
  }
  if (error) return <p class="error">{error}</p>;
  if (value?.path !== place) return <p>Looking ...</p>;
  const inside = (name: string) => `${value.path}/${name}`;
  return (
    <>
      <Entries
        title={value.path}
        names={value.folders}
        onOpen={(name) => onMove(inside(name))}
        onUp={() => onMove(value.parent)}
      />
      {files ? (
        <ul class="entries">
          {value.files
            .filter((name) => files.test(name))
            .map((name) => (
              <li key={name}>
                <button type="button" onClick={() => onChoose(inside(name))}>
                  {name}
                </button>
              </li>
            ))}
        </ul>
      ) : (
        <button type="button" class="primary" onClick={() => onChoose(value.path)}>
          Use this folder
        </button>
      )}
    </>
  );
}

interface EntriesProps {
  readonly title: string;
  readonly names: readonly string[];
  readonly onOpen: (name: string) => void;
  readonly onUp?: () => void;
}

function Entries({ title, names, onOpen, onUp }: EntriesProps) {
  return (
    <>
      <p class="path">{title}</p>
      <ul class="entries">
        {onUp && (
          <li>
            <button type="button" onClick={onUp}>
              Up
            </button>
          </li>
        )}
        {names.map((name) => (
          <li key={name}>
            <button type="button" onClick={() => onOpen(name)}>
              {name}/
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
