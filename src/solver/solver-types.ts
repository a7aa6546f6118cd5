/** @file The names of the solver types, without their code. */

export const solverTypes = ["AdaDelta", "AdaGrad", "Adam", "Nesterov", "RMSProp", "SGD"] as const;
export type SolverType = (typeof solverTypes)[number];
