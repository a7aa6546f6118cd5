/** @file The legend of an overlay: which classes were found, and how well they agree with the label. */
import type { Color } from "../../../job/palette.ts";
import type { TestResult } from "../../test-types.ts";
import { grouped } from "../lib/format.ts";

interface ScoreTableProps {
  readonly result: TestResult;
  readonly nameOf: (index: number) => string;
  readonly palette: readonly Color[];
  /** The class below the pointer. */
  readonly lit: number | undefined;
}

export function ScoreTable({ result, nameOf, palette, lit }: ScoreTableProps) {
  const found = result.scores.filter((score) => score.class !== 0);
  const hasLabel = result.label !== undefined;
  const hasHd95 = found.some(({ hd95 }) => hd95 !== undefined);
  const isNothing = !found.some(({ predicted }) => predicted > 0);
  return (
    <>
      {isNothing && (
        <p class="banner note">
          The network finds nothing but background here.
          {found.some(({ labelled = 0 }) => labelled > 0) &&
            " The ground truth has an object: Dice 0."}
        </p>
      )}
      {found.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Class</th>
              <th class="number">Found</th>
              {hasLabel && <th class="number">Truth</th>}
              {hasLabel && <th class="number">Dice</th>}
              {hasLabel && <th class="number">IoU</th>}
              {hasHd95 && (
                <th class="number" title="95 % of the outlines are no farther apart">
                  HD95, mm
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {found.map((score) => (
              <tr key={score.class} class={score.class === lit ? "lit" : ""}>
                <td>
                  <Swatch color={palette[score.class]} />
                  {nameOf(score.class)}
                </td>
                <td class="number">{grouped(score.predicted)}</td>
                {hasLabel && <td class="number">{grouped(score.labelled ?? 0)}</td>}
                {hasLabel && <td class="number">{score.dice?.toFixed(3) ?? ""}</td>}
                {hasLabel && <td class="number">{score.iou?.toFixed(3) ?? ""}</td>}
                {hasHd95 && <td class="number">{score.hd95?.toFixed(1) ?? ""}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

export function Swatch({ color = [128, 128, 128] }: { color: Color | undefined }) {
  return (
    <svg class="swatch" viewBox="0 0 1 1" aria-hidden="true">
      <rect width="1" height="1" fill={`rgb(${color.join()})`} />
    </svg>
  );
}
