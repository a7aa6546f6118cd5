/** @file Layer types that BVLC's Caffe does not have: those of other forks that real nets use most. */
import type { LayerDefinition } from "../core/layer.ts";
import { permute } from "./permute.ts";

/** The layer types beyond BVLC's, in the order of their prototxt names. */
export const foreignLayers: readonly LayerDefinition[] = [permute];
