/** @file Names of synthetic patients: the challenge's own cases first, then others of the same kind. */
import { SHORT_AXIS_SERIES } from "../cases.ts";
import type { Group } from "./patient.ts";

export interface Case {
  /** As the image folders spell it: "SC-HF-I-1". */
  readonly name: string;
  readonly group: Group;
  readonly series: string;
}

const GROUPS: readonly Group[] = ["HF-I", "HF-NI", "HYP", "N"];

/** `count` cases, the four groups in turn, so that a small cohort has all of them. */
export function nameCases(count: number): Case[] {
  const known = GROUPS.map((group) =>
    [...SHORT_AXIS_SERIES]
      .filter(([name]) => groupOf(name) === group)
      .map(([name, series]) => ({ name, group, series })),
  );
  const cases: Case[] = [];
  for (let round = 0; cases.length < count; round++) {
    for (const [g, group] of GROUPS.entries()) {
      // Numbers from 101 on are none of the challenge's; its series end below 1000.
      const own = {
        name: `SC-${group}-${101 + round}`,
        group,
        series: String(1000 + 4 * round + g),
      };
      if (cases.length < count) cases.push(known[g]![round] ?? own);
    }
  }
  return cases;
}

function groupOf(name: string): string {
  return name.split("-").slice(1, -1).join("-");
}
