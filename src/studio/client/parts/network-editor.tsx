/** @file A prototxt with colours, line numbers and the place of the first mistake. */
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../../api-types.ts";
import { lineRange, piecesOf } from "../lib/prototxt-pieces.ts";

/** Of the style sheet. */
const LINE_PIXELS = 19.5;

/** A line to go to; a new object goes there again. */
export interface Jump {
  readonly line: number;
}

interface NetworkEditorProps {
  readonly id: string;
  readonly value: string;
  readonly problem: Problem | undefined;
  readonly jump: Jump | undefined;
  readonly onChange: (text: string) => void;
}

export function NetworkEditor({ id, value, problem, jump, onChange }: NetworkEditorProps) {
  const back = useRef<HTMLPreElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (!jump || !area.current) return;
    area.current.focus();
    area.current.setSelectionRange(...lineRange(value, jump.line));
    area.current.scrollTop = Math.max(0, (jump.line - 5) * LINE_PIXELS);
    area.current.scrollLeft = 0;
    // The text of that moment; typing must not jump.
  }, [jump]);
  const lines = value.split("\n").length;
  return (
    <div class="editor">
      <pre ref={back} aria-hidden="true">
        <span class="gutter">
          {Array.from({ length: lines }, (_, i) => (
            <span key={`${i + 1}`} class={problem?.line === i + 1 ? "wrong" : ""}>
              {i + 1}
            </span>
          ))}
        </span>
        <code>
          {piecesOf(value).map(({ kind, text }, index) => (
            <span key={`${index}`} class={kind}>
              {text}
            </span>
          ))}
        </code>
      </pre>
      <textarea
        ref={area}
        id={id}
        value={value}
        spellcheck={false}
        autocomplete="off"
        wrap="off"
        aria-label="Network, as prototxt"
        aria-invalid={problem !== undefined}
        onInput={(event) => onChange(event.currentTarget.value)}
        onScroll={({ currentTarget }) => {
          back.current?.scrollTo(currentTarget.scrollLeft, currentTarget.scrollTop);
        }}
      />
    </div>
  );
}
