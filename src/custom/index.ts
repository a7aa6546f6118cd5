/** @file Custom layers: the class that users extend, and loading and running their files. */
export { type CustomLayerContext, Layer, type LayerClass } from "./layer.ts";
export { type LoadedLayerClass, findLayerFile, loadCustomLayer } from "./load.ts";
export { HostedLayer } from "./host-layer.ts";
export { FencedLayer } from "./fence/fenced-layer.ts";
export { residentBytes } from "./fence/resident.ts";
export { type ParamValue, type Params, parseParamStr, parseParams } from "./param-str.ts";
export { prefetch } from "./prefetch.ts";
