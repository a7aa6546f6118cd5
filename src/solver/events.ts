/** @file What a solver tells its observers, so that progress and metrics need not parse log lines. */

/** One element of a net's output blob. */
export interface Score {
  /** The name of the blob. */
  readonly name: string;
  readonly value: number;
  /** 0 where the output is no loss. */
  readonly lossWeight: number;
}

export interface IterationEvent {
  /** The iteration that just ran, from 0. */
  readonly iter: number;
  /** Its own loss, averaged over iter_size; on a device the last one that was read from there. */
  readonly loss: number;
  readonly smoothedLoss: number;
  readonly learningRate: number;
}

export interface DisplayEvent extends IterationEvent {
  readonly iterationsPerSecond: number;
  /** Outputs of the train net. */
  readonly scores: readonly Score[];
}

export interface TestEvent {
  readonly iter: number;
  /** Which test net. */
  readonly net: number;
  /** Mean weighted loss; only with test_compute_loss. */
  readonly loss: number | undefined;
  /** Outputs of the test net, averaged over test_iter batches. */
  readonly scores: readonly Score[];
}

export interface SnapshotEvent {
  readonly iter: number;
  /** Absolute path of the .caffemodel. */
  readonly model: string;
  /** Absolute path of the .solverstate. */
  readonly state: string;
}

export interface DivergenceEvent {
  readonly iter: number;
  readonly loss: number;
  /** What is wrong since when, and what to try. */
  readonly diagnosis: string;
  /** Where the first values are that are not finite; absent where all are. */
  readonly place?: string | undefined;
}

/** Called synchronously; an exception in an observer ends the training. */
export interface SolverObserver {
  onIteration?(event: IterationEvent): void;
  onDisplay?(event: DisplayEvent): void;
  onTest?(event: TestEvent): void;
  onSnapshot?(event: SnapshotEvent): void;
  /** The loss is no longer finite, or saturated at 87.3365; told once. */
  onDivergence?(event: DivergenceEvent): void;
}

/** What a signal asks of a solver; it is done after the iteration that is running. */
export type SolverRequest = "stop" | "snapshot";
