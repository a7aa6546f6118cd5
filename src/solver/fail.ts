/** @file Errors about a solver's prototxt. */
import { NetDefinitionError } from "../errors.ts";
import { type SolverParameter, excerptOf, locationOf } from "../schema/index.ts";

/** Throws an error that points at a field (in camelCase) of the solver's file, if it came from one. */
export function failSolver(
  param: SolverParameter,
  field: string | undefined,
  problem: string,
): never {
  throw new NetDefinitionError(problem, {
    location: locationOf(param, field),
    excerpt: field === undefined ? undefined : excerptOf(param, field),
  });
}
