/** @file A prototxt with colours, line numbers and the place of the first mistake, checked while it is written. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { CheckResult, Problem } from "../../api-types.ts";
import { post } from "../lib/api.ts";

const QUIET_MS = 350;
const TOKENS =
  /(?<comment>#[^\n]*)|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?<field>[A-Za-z_]\w*(?=\s*[:{]))|(?<number>-?\d[\w.+-]*)|(?<word>[A-Za-z_]\w*)/g;

interface Piece {
  readonly kind: string;
  readonly text: string;
}

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    if (match.index > end) pieces.push({ kind: "", text: text.slice(end, match.index) });
    const kind = Object.entries(match.groups ?? {}).find(([, found]) => found !== undefined)?.[0];
    pieces.push({ kind: kind ?? "", text: match[0] });
    end = match.index + match[0].length;
  }
  pieces.push({ kind: "", text: `${text.slice(end)}\n` });
  return pieces;
}

interface NetworkEditorProps {
  readonly id: string;
  readonly value: string;
  readonly problem: Problem | undefined;
  readonly onChange: (text: string) => void;
}

export function NetworkEditor({ id, value, problem, onChange }: NetworkEditorProps) {
  const back = useRef<HTMLPreElement>(null);
  const lines = value.split("\n").length;
  return (
    <div class="editor">
      <pre ref={back} aria-hidden="true">
        <span class="gutter">
          {Array.from({ length: lines }, (_, i) => (
            <span key={`${i + 1}`} class={problem?.line === i + 1 ? "wrong" : ""}>
              {`${i + 1}\n`}
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

/** Asks the server what it thinks of the text, when the typing pauses. */
export function useCheck(
  text: string,
  dataset: string,
  hasWeights: boolean,
): CheckResult | undefined {
  const [result, setResult] = useState<CheckResult>();
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(() => {
      const body = { text, hasWeights, ...(dataset ? { dataset } : {}) };
      post<CheckResult>("/api/check", body).then(
        (reply) => isCurrent && setResult(reply),
        () => undefined,
      );
    }, QUIET_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [text, dataset, hasWeights]);
  return result;
}
