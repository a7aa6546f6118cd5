/** @file What all solver types share with the devices that run their update. */

export type Regularization = "L1" | "L2";

/** The six solver types of Caffe, as `type` in a solver prototxt names them. */
export type SolverType = "SGD" | "Nesterov" | "AdaGrad" | "RMSProp" | "AdaDelta" | "Adam";

/** Constants of an update; a solver's settings have them. */
export interface UpdateConstants {
  readonly momentum: number;
  readonly momentum2: number;
  readonly rmsDecay: number;
  readonly delta: number;
  readonly regularization: Regularization;
}
