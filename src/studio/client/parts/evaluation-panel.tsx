/** @file Tests a snapshot on a whole half of its dataset, with progress; the results of all that were made. */
import { useEffect, useState } from "preact/hooks";
import type { ModelDetail } from "../../api-types.ts";
import type { EvaluationDetail, EvaluationInfo, Stage } from "../../test-types.ts";
import { errorsOf, get, post } from "../lib/api.ts";
import { percent, short } from "../lib/format.ts";
import { useFetched } from "../lib/use-data.ts";
import type { ChosenRecord } from "./record-grid.tsx";
import { EvaluationResult } from "./evaluation-result.tsx";

interface EvaluationPanelProps {
  readonly model: ModelDetail;
  /** The snapshot that a new test is made of. */
  readonly iter: number;
  readonly onOpen: (record: ChosenRecord, iter: number) => void;
}

const STAGES: readonly (readonly [Stage, string])[] = [
  ["val", "validation"],
  ["train", "training"],
];
const isActive = ({ status }: EvaluationInfo) => status === "running" || status === "waiting";
const pathOf = (model: string, { iter, stage }: { iter: number; stage: Stage }) =>
  `/api/models/${model}/evaluations/${iter}/${stage}`;

export function EvaluationPanel({ model, iter, onOpen }: EvaluationPanelProps) {
  const { list, setList } = useEvaluations(model.id);
  const [chosen, setChosen] = useState<string>();
  const [problem, setProblem] = useState("");
  const act = async (path: string) => {
    setProblem("");
    try {
      setList(await post<EvaluationInfo[]>(path));
    } catch (error) {
      setProblem(Object.values(errorsOf(error)).flat().join(" "));
    }
  };
  const done = list.filter(({ status }) => status === "done");
  const shown =
    done.find((info) => keyOf(info) === chosen) ??
    done.find((info) => info.iter === iter) ??
    done[0];
  return (
    <section aria-labelledby="whole-set">
      <h3 id="whole-set">The whole set</h3>
      <div class="toolbar">
        {STAGES.map(([stage, name]) => (
          <button
            key={stage}
            type="button"
            disabled={list.some(
              (info) => info.iter === iter && info.stage === stage && isActive(info),
            )}
            onClick={() => {
              setChosen(keyOf({ iter, stage }));
              void act(pathOf(model.id, { iter, stage }));
            }}
          >
            Test the {name} set
          </button>
        ))}
      </div>
      {problem && <p class="banner bad">{problem}</p>}
      {list.length === 0 && (
        <p class="empty">
          Every record is compared with its label, and the worst are shown first. It runs beside
          everything else.
        </p>
      )}
      <ul class="evaluations">
        {list.map((info) => (
          <EvaluationLine
            key={keyOf(info)}
            info={info}
            isShown={info === shown}
            onShow={() => setChosen(keyOf(info))}
            onAbort={() => void act(`${pathOf(model.id, info)}/abort`)}
          />
        ))}
      </ul>
      {shown && <Shown model={model} info={shown} onOpen={onOpen} />}
    </section>
  );
}

const keyOf = ({ iter, stage }: { iter: number; stage: Stage }) => `${iter} ${stage}`;

interface EvaluationLineProps {
  readonly info: EvaluationInfo;
  readonly isShown: boolean;
  readonly onShow: () => void;
  readonly onAbort: () => void;
}

function EvaluationLine({ info, isShown, onShow, onAbort }: EvaluationLineProps) {
  const name = `Epoch #${short(info.epoch)}, ${info.stage === "val" ? "validation" : "training"} set`;
  if (info.status === "done") {
    return (
      <li>
        <button type="button" aria-pressed={isShown} onClick={onShow}>
          {name}
          <span class="soft">
            {" "}
            mean Dice {info.summary?.meanDice?.toFixed(3) ?? "-"} over {info.summary?.records}
          </span>
        </button>
      </li>
    );
  }
  if (!isActive(info)) {
    return (
      <li>
        {name}: <span class="error">{info.status === "aborted" ? "aborted" : info.error}</span>
      </li>
    );
  }
  return (
    <li class="progress">
      <span>{name}</span>
      <progress max={1} value={info.progress} aria-label={`progress of ${name}`} />
      <span>{info.status === "waiting" ? "waits" : percent(info.progress)}</span>
      <button type="button" onClick={onAbort}>
        Abort
      </button>
    </li>
  );
}

function Shown({
  model,
  info,
  onOpen,
}: {
  model: ModelDetail;
  info: EvaluationInfo;
  onOpen: EvaluationPanelProps["onOpen"];
}) {
  const path = pathOf(model.id, info);
  const again = `${info.iter} ${info.summary?.meanDice}`;
  const { value, error } = useFetched<EvaluationDetail>(path, again);
  if (error) return <p class="banner bad">{error}</p>;
  if (value?.iter !== info.iter || value.stage !== info.stage)
    return <p class="soft">Loading ...</p>;
  return (
    <EvaluationResult
      key={path}
      detail={value}
      dataset={model.dataset}
      csv={`${path}/csv`}
      onOpen={(index) => onOpen({ stage: info.stage, index }, info.iter)}
    />
  );
}

/** The tests of a model; live while one runs. */
function useEvaluations(model: string) {
  const [list, setList] = useState<readonly EvaluationInfo[]>([]);
  const path = `/api/models/${model}/evaluations`;
  useEffect(() => {
    get<EvaluationInfo[]>(path).then(setList, () => setList([]));
  }, [path]);
  const isRunning = list.some(isActive);
  useEffect(() => {
    if (!isRunning) return;
    const source = new EventSource(`${path}/events`);
    source.addEventListener("evaluations", ({ data }) => setList(JSON.parse(data)));
    return () => source.close();
  }, [path, isRunning]);
  return { list, setList };
}
