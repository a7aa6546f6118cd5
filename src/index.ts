/** @file The public API of cortado; what is not here is private. */
export { Blob } from "./core/blob.ts";
export type { FenceOptions } from "./core/fence-options.ts";
export type { Logger, LogLevel } from "./core/logger.ts";
export { type RandomSource, type RandomState, createRandom } from "./core/random.ts";
export { Layer, type ParamValue, type Params, parseParamStr, prefetch } from "./custom/index.ts";
export { type Image, type ImageForm, loadImage } from "./data/index.ts";
export { type Device, type DeviceChoice, defaultCpuDevice, openCpuDevice } from "./device/index.ts";
export {
  CaffeError,
  CustomLayerError,
  DataSourceError,
  type Location,
  ModelFileError,
  NetDefinitionError,
  PrototxtError,
  UsageError,
} from "./errors.ts";
export { readCaffemodel, readNpy } from "./model-file/index.ts";
export { type BlobValues, Net, type NetOptions } from "./net/net.ts";
export type { LearnableParam, NetLayer } from "./net/net-layer.ts";
export { writeCaffemodel } from "./net/write-weights.ts";
export { parsePrototxt, printPrototxt } from "./schema/index.ts";
export type * from "./schema/index.ts";
export {
  type DisplayEvent,
  type DivergenceEvent,
  type IterationEvent,
  type SnapshotEvent,
  Solver,
  type SolverObserver,
  type SolverOptions,
  type TestEvent,
} from "./solver/index.ts";
