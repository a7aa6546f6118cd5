/** @file Tests a trained model: on a record of its dataset, on a file, on the whole set. */
import { useRef, useState } from "preact/hooks";
import type { ModelDetail } from "../../api-types.ts";
import type { TestResult } from "../../test-types.ts";
import { errorsOf, post, upload } from "../lib/api.ts";
import { short } from "../lib/format.ts";
import { EvaluationPanel } from "./evaluation-panel.tsx";
import { Field, SelectField, TextField } from "./field.tsx";
import { LayerList } from "./layer-list.tsx";
import { OverlayView } from "./overlay-view.tsx";
import { type ChosenRecord, RecordGrid } from "./record-grid.tsx";

const NEWEST = "newest";

export function TestPanel({ model }: { model: ModelDetail }) {
  const [iter, setIter] = useState(NEWEST);
  const [chosen, setChosen] = useState<ChosenRecord>();
  const [result, setResult] = useState<TestResult>();
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [layers, setLayers] = useState(false);
  const [frame, setFrame] = useState("0");
  const head = useRef<HTMLHeadingElement>(null);
  const test = async (source: () => Promise<object>, snapshot = iter) => {
    setBusy(true);
    setProblem("");
    try {
      const which = snapshot === NEWEST ? {} : { iter: Number(snapshot) };
      const body = { ...which, layers, ...(await source()) };
      setResult(await post<TestResult>(`/api/models/${model.id}/test`, body));
    } catch (error) {
      setResult(undefined);
      setProblem(Object.values(errorsOf(error)).flat().join(" "));
    } finally {
      setBusy(false);
    }
  };
  const testRecord = (record: ChosenRecord, snapshot = iter) => {
    setChosen(record);
    void test(async () => ({ record }), snapshot);
    head.current?.scrollIntoView({ behavior: "smooth" });
  };
  const testFile = (file: File | undefined) => {
    if (!file) return;
    setChosen(undefined);
    void test(async () => ({
      ...{ name: file.name, frame: Number(frame) || 0 },
      // Names may hold anything; what is kept for a moment has a plain one.
      upload: (await upload(new File([file], plainName(file.name)))).upload,
    }));
  };
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
        <Field label="An image or DICOM slice of yours">
          {(control) => (
            <input
              {...control}
              type="file"
              onChange={(event) => {
                testFile(event.currentTarget.files?.[0]);
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
      <div class={isBusy ? "result busy" : "result"} aria-live="polite" aria-busy={isBusy}>
        {isBusy && <p class="soft">Testing ...</p>}
        {problem && <p class="banner bad">{problem}</p>}
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

function plainName(name: string): string {
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(name)?.[0] ?? "";
  return `image${extension}`;
}
