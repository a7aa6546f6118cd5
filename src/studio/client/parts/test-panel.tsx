/** @file Tests a trained model on a record of its dataset, or on a file. */
import { useState } from "preact/hooks";
import type { ModelDetail, TestResult } from "../../api-types.ts";
import { errorsOf, post, upload } from "../lib/api.ts";
import { short } from "../lib/format.ts";
import { Field, SelectField } from "./field.tsx";
import { OverlayView } from "./overlay-view.tsx";
import { type ChosenRecord, RecordGrid } from "./record-grid.tsx";

export function TestPanel({ model }: { model: ModelDetail }) {
  const [iter, setIter] = useState("newest");
  const [chosen, setChosen] = useState<ChosenRecord>();
  const [result, setResult] = useState<TestResult>();
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const test = async (source: () => Promise<object>) => {
    setBusy(true);
    setProblem("");
    try {
      const which = iter === "newest" ? {} : { iter: Number(iter) };
      const body = { ...which, ...(await source()) };
      setResult(await post<TestResult>(`/api/models/${model.id}/test`, body));
    } catch (error) {
      setResult(undefined);
      setProblem(Object.values(errorsOf(error)).flat().join(" "));
    } finally {
      setBusy(false);
    }
  };
  const testRecord = (record: ChosenRecord) => {
    setChosen(record);
    void test(async () => ({ record }));
  };
  const testFile = (file: File | undefined) => {
    if (!file) return;
    setChosen(undefined);
    void test(async () => ({ upload: (await upload(file)).upload }));
  };
  return (
    <section aria-labelledby="test">
      <h2 id="test">Test</h2>
      <div class="toolbar">
        <SelectField
          label="Model"
          value={iter}
          onChange={setIter}
          choices={[
            ["newest", "Newest snapshot"],
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
              onChange={(event) => testFile(event.currentTarget.files?.[0])}
            />
          )}
        </Field>
      </div>
      <div aria-live="polite">
        {isBusy && <p class="soft">Testing ...</p>}
        {problem && <p class="banner bad">{problem}</p>}
        {result && !isBusy && <OverlayView result={result} />}
      </div>
      <h3>or a record of {model.dataset}</h3>
      {model.dataset !== undefined && (
        <RecordGrid
          dataset={model.dataset}
          stages={["val", "train"]}
          chosen={chosen}
          onChoose={testRecord}
        />
      )}
    </section>
  );
}
