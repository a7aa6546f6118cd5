/** @file The solver types by the name that `type` in a solver prototxt gives them. */
import { adaDelta } from "./ada-delta.ts";
import { adaGrad } from "./ada-grad.ts";
import { adam } from "./adam.ts";
import { nesterov } from "./nesterov.ts";
import { rmsProp } from "./rms-prop.ts";
import { sgd } from "./sgd.ts";
import type { SolverType } from "./solver-types.ts";
import type { UpdateRule } from "./update-rule.ts";

export const updateRules = {
  AdaDelta: adaDelta,
  AdaGrad: adaGrad,
  Adam: adam,
  Nesterov: nesterov,
  RMSProp: rmsProp,
  SGD: sgd,
} satisfies Record<SolverType, UpdateRule>;
