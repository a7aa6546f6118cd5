/** @file Whether a layer has as many bottoms and tops as its type asks for (BVLC Layer::CheckBlobCounts). */
import type { Arity, LayerDefinition } from "../core/layer.ts";

/** @returns what is wrong, in Caffe's words, or `undefined` */
export function arityProblem(
  definition: LayerDefinition,
  bottoms: number,
  tops: number,
): string | undefined {
  const { type } = definition;
  return (
    outside(definition.bottoms, bottoms, `${type} Layer takes`, "bottom blob(s) as input.") ??
    outside(definition.tops, tops, `${type} Layer produces`, "top blob(s) as output.") ??
    (definition.equalBottomsAndTops && bottoms !== tops
      ? `${type} Layer produces one top blob as output for each bottom blob input.` +
        ` It has ${bottoms} bottom(s) and ${tops} top(s).`
      : undefined)
  );
}

function outside({ min, max }: Arity, n: number, verb: string, what: string): string | undefined {
  if (n >= min && n <= max) return undefined;
  const bound = min === max ? `${min}` : n < min ? `at least ${min}` : `at most ${max}`;
  return `${verb} ${bound} ${what} Got ${n}.`;
}
