/** @file Training: the solver, its settings and what it tells observers. */
export type {
  DisplayEvent,
  DivergenceEvent,
  IterationEvent,
  Score,
  SnapshotEvent,
  SolverObserver,
  SolverRequest,
  TestEvent,
} from "./events.ts";
export { type SolverOptions, readSolverParameter } from "./load.ts";
export { MeanScores, scoreText, scoresOf } from "./scores.ts";
export { Solver } from "./solver.ts";
