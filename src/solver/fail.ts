/** @file Errors about a solver's prototxt. */
import { NetDefinitionError } from "../errors.ts";
import { type SolverParameter, locationOf } from "../schema/index.ts";

/** Throws an error that points at a field (in camelCase) of the solver's file, if it came from one. */
export function failSolver(
  param: SolverParameter,
  field: string | undefined,
  problem: string,
): never {
  const location = (field && locationOf(param, field)) || locationOf(param);
  throw new NetDefinitionError(problem, { location });
}
