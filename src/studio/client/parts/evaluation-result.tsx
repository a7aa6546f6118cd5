/** @file What a test of a whole set found: the sum, patients, and records, worst first. */
import { useState } from "preact/hooks";
import {
  recordDice,
  recordHd95,
  recordIou,
  summarize,
  summarizeCases,
} from "../../../job/evaluation-summary.ts";
import type { EvaluationDetail, ScoredRecord } from "../../test-types.ts";
import { grouped } from "../lib/format.ts";
import { recordName } from "../../../job/record-name.ts";

const PAGE = 20;
const BINS = 10;

interface EvaluationResultProps {
  readonly detail: EvaluationDetail;
  readonly dataset: string | undefined;
  readonly csv: string;
  readonly onOpen: (index: number) => void;
}

export function EvaluationResult({ detail, dataset, csv, onOpen }: EvaluationResultProps) {
  const [pages, setPages] = useState(1);
  const { records } = detail;
  const shown = records.slice(0, pages * PAGE);
  return (
    <div class="evaluation">
      <Summary detail={detail} />
      <Cases records={records} />
      <div class="title">
        <h4>Records, worst first</h4>
        <a class="button" href={csv} download>
          Download CSV
        </a>
      </div>
      <ol class="worst">
        {shown.map((record) => (
          <li key={record.index}>
            <button type="button" class="tile" onClick={() => onOpen(record.index)}>
              <img
                src={`/api/datasets/${dataset}/picture?stage=${detail.stage}&index=${record.index}`}
                alt=""
                loading="lazy"
              />
              <span>
                <strong>Dice {recordDice(record)?.toFixed(3) ?? "-"}</strong>
                <span class="soft">{otherScores(record)}</span>
                <br />
                {recordName(record.facts, record.index)}
                <br />
                <span class="soft">{pixelsText(record)}</span>
              </span>
            </button>
          </li>
        ))}
      </ol>
      {shown.length < records.length && (
        <button type="button" onClick={() => setPages(pages + 1)}>
          {records.length - shown.length} more
        </button>
      )}
    </div>
  );
}

function otherScores(record: ScoredRecord): string {
  const hd95 = recordHd95(record);
  return ` IoU ${recordIou(record)?.toFixed(3) ?? "-"}${hd95 === undefined ? "" : `, HD95 ${hd95.toFixed(1)} mm`}`;
}

function pixelsText({ classes }: ScoredRecord): string {
  const objects = classes.filter((score) => score.class !== 0);
  const found = objects.reduce((sum, { predicted }) => sum + predicted, 0);
  const truth = objects.reduce((sum, { labelled = 0 }) => sum + labelled, 0);
  return `${grouped(found)} px found, ${grouped(truth)} true`;
}

function Summary({ detail: { records, classNames } }: { detail: EvaluationDetail }) {
  const summary = summarize(records);
  const counted = summary.records - summary.empty;
  const facts: readonly (readonly [string, string])[] = [
    ["Mean Dice", summary.meanDice?.toFixed(3) ?? "-"],
    ["Median", summary.medianDice?.toFixed(3) ?? "-"],
    ["Worst", summary.worstDice?.toFixed(3) ?? "-"],
    ...(summary.medianHd95 === undefined
      ? []
      : [["Median HD95", `${summary.medianHd95.toFixed(1)} mm`] as const]),
    ["Records", `${counted}`],
    ["Object missed in", `${summary.missed}`],
    ...(summary.empty > 0
      ? [["Without object, none found", `${summary.empty}, not counted`] as const]
      : []),
    ...(summary.classes.length > 1
      ? summary.classes.map(
          ({ class: index, dice }) =>
            [classNames[index] ?? `class ${index}`, `Dice ${dice.toFixed(3)}`] as const,
        )
      : []),
  ];
  return (
    <div class="evaluation-head">
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <DiceBars records={records} />
    </div>
  );
}

/** How many records have which Dice. */
function DiceBars({ records }: { records: readonly ScoredRecord[] }) {
  const counts = new Array<number>(BINS).fill(0);
  for (const record of records) {
    const dice = recordDice(record);
    if (dice !== undefined) counts[Math.min(BINS - 1, Math.floor(dice * BINS))]!++;
  }
  const most = Math.max(1, ...counts);
  return (
    <figure class="histogram">
      <svg
        viewBox={`0 0 ${BINS} 10`}
        preserveAspectRatio="none"
        role="img"
        aria-label="Records by Dice"
      >
        {counts.map((count, i) => {
          const height = count === 0 ? 0 : Math.max(0.3, (count / most) * 10);
          return (
            <rect key={i} x={i + 0.05} y={10 - height} width={0.9} height={height}>
              <title>{`${count} with Dice ${i / BINS} to ${(i + 1) / BINS}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption>
        <span>Dice 0</span>
        <span>0.5</span>
        <span>1</span>
      </figcaption>
    </figure>
  );
}

function Cases({ records }: { records: readonly ScoredRecord[] }) {
  const cases = summarizeCases(records);
  if (cases.length < 2) return null;
  return (
    <div class="scroll">
      <table>
        <caption>Patients, worst first</caption>
        <thead>
          <tr>
            <th>Case</th>
            <th class="number">Records</th>
            <th class="number">Mean Dice</th>
            <th class="number">Worst</th>
          </tr>
        </thead>
        <tbody>
          {cases.map(({ name, records: count, meanDice, worstDice }) => (
            <tr key={name}>
              <td>{name}</td>
              <td class="number">{count}</td>
              <td class="number">{meanDice?.toFixed(3) ?? "-"}</td>
              <td class="number">{worstDice?.toFixed(3) ?? "-"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
