/** @file Tests a trained model: on a record of its dataset, on a file, on the whole set. */
import { useRef, useState } from "preact/hooks";
import type { ModelDetail } from "../../api-types.ts";
import type { TestResult } from "../../test-types.ts";
import { errorsOf, post, upload } from "../lib/api.ts";
import { grouped, short } from "../lib/format.ts";
import { EvaluationPanel } from "./evaluation-panel.tsx";
import { Field, SelectField, TextField } from "./field.tsx";
import { LayerList } from "./layer-list.tsx";
import { OverlayView } from "./overlay-view.tsx";
import { type ChosenRecord, RecordGrid } from "./record-grid.tsx";

const NEWEST = "newest";

export function TestPanel({ model }: { model: ModelDetail }) {
  const [iter, setIter] = useState(NEWEST);
  const [chosen, setChosen] = useState<ChosenRecord>();
  const [results, setResults] = useState<readonly TestResult[]>([]);
  const [shown, setShown] = useState(0);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [busy, setBusy] = useState("");
  const [layers, setLayers] = useState(false);
  const [frame, setFrame] = useState("0");
  const head = useRef<HTMLHeadingElement>(null);
  const ask = (source: object, snapshot = iter) => {
    const which = snapshot === NEWEST ? {} : { iter: Number(snapshot) };
    return post<TestResult>(`/api/models/${model.id}/test`, { ...which, layers, ...source });
  };
  /** One after the other: each takes the whole machine. */
  const test = async (tests: readonly Test[]) => {
    const [found, failed]: [TestResult[], string[]] = [[], []];
    setShown(0);
    for (const [i, { name, run }] of tests.entries()) {
      setBusy(tests.length > 1 ? `Testing ${i + 1} of ${tests.length} ...` : "Testing ...");
      try {
        found.push(await run());
      } catch (error) {
        const sentence = Object.values(errorsOf(error)).flat().join(" ");
        failed.push(sentence.includes(name) ? sentence : `${name}: ${sentence}`);
      }
      setResults([...found]);
      setProblems([...failed]);
    }
    setBusy("");
  };
  const testRecord = (record: ChosenRecord, snapshot = iter) => {
    setChosen(record);
    void test([{ name: "", run: () => ask({ record }, snapshot) }]);
    head.current?.scrollIntoView({ behavior: "smooth" });
  };
  const testFiles = (files: readonly File[]) => {
    setChosen(undefined);
    const run = async (file: File) =>
      ask({
        ...{ name: file.name, frame: Number(frame) || 0 },
        // Names may hold anything; what is kept for a moment has a plain one.
        upload: (await upload(new File([file], plainName(file.name)))).upload,
      });
    void test(files.map((file) => ({ name: file.name, run: () => run(file) })));
  };
  const result = results[shown];
  const newest = model.snapshots[0]?.iter ?? 0;
  return (
    <section aria-labelledby="test">
      <h2 id="test" ref={head}>
        Test
      </h2>
      <div class="toolbar">
        <SelectField
          label="Model"
          value={iter}
          onChange={setIter}
          choices={[
            [NEWEST, "Newest snapshot"],
            ...model.snapshots.map((snapshot): [string, string] => [
              `${snapshot.iter}`,
              `Epoch #${short(snapshot.epoch)}`,
            ]),
          ]}
        />
        <Field label="Images or DICOM slices of yours">
          {(control) => (
            <input
              {...control}
              type="file"
              multiple
              onChange={(event) => {
                testFiles([...(event.currentTarget.files ?? [])]);
                // The same file again must be a change, too.
                event.currentTarget.value = "";
              }}
            />
          )}
        </Field>
        <div class="frame">
          <TextField label="Its frame" inputMode="numeric" value={frame} onChange={setFrame} />
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={layers}
            onChange={(event) => setLayers(event.currentTarget.checked)}
          />
          Show visualizations and statistics
        </label>
      </div>
      <div class={busy ? "result busy" : "result"} aria-live="polite" aria-busy={busy !== ""}>
        {busy && <p class="soft">{busy}</p>}
        {problems.map((problem) => (
          <p key={problem} class="banner bad">
            {problem}
          </p>
        ))}
        {results.length > 1 && <Tested {...{ results, shown }} onShow={setShown} />}
        {result && <OverlayView model={model.id} result={result} />}
        {result?.layers && <LayerList layers={result.layers} />}
      </div>
      {model.dataset !== undefined && (
        <>
          <h3>
            {result ? "Another" : "A"} record of {model.dataset}
          </h3>
          <RecordGrid
            dataset={model.dataset}
            stages={["val", "train"]}
            chosen={chosen}
            onChoose={(record) => testRecord(record)}
            pageSize={12}
          />
          <EvaluationPanel
            model={model}
            iter={iter === NEWEST ? newest : Number(iter)}
            onOpen={(record, snapshot) => {
              setIter(`${snapshot}`);
              testRecord(record, `${snapshot}`);
            }}
          />
        </>
      )}
    </section>
  );
}

interface Test {
  /** Of the file, which an error names; "" of a record. */
  readonly name: string;
  readonly run: () => Promise<TestResult>;
}

interface TestedProps {
  readonly results: readonly TestResult[];
  readonly shown: number;
  readonly onShow: (index: number) => void;
}

/** Several images: which was tested, and how much was found in it. */
function Tested({ results, shown, onShow }: TestedProps) {
  return (
    <ul class="tested" aria-label="Tested images">
      {results.map(({ title, scores }, i) => (
        <li key={i}>
          <button type="button" aria-pressed={i === shown} onClick={() => onShow(i)}>
            {title} <span class="soft">{foundText(scores)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function foundText(scores: TestResult["scores"]): string {
  const found = scores.filter((score) => score.class !== 0);
  const pixels = found.reduce((sum, { predicted }) => sum + predicted, 0);
  return pixels === 0 ? "nothing found" : `${grouped(pixels)} px found`;
}

function plainName(name: string): string {
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(name)?.[0] ?? "";
  return `image${extension}`;
}
