/** @file What the host and the worker threads call. */
export { configure, rouse, serve, stop } from "./threads";
export { add, axpby, copy, fill, mul, relu, reluGradient } from "./elementwise";
export { addBias, biasGradient, dot } from "./reduce";
export { commonScratchBytes, packBytes } from "./memory";
export { gemm } from "./gemm";
export { planeProducts } from "./planes";
export { sgdStep } from "./sgd";
export { softmaxPlanes } from "./softmax";
export { winogradImage, winogradResult, winogradResultDiff } from "./winograd";
export { winogradFilterDiff, winogradFilters, winogradPlane } from "./winograd-filters";
export { correlate, scatter, weightGradient } from "./convolution";
export { scatterScratchBytes } from "./scatter";
export {
  averagePool, averagePoolGradient, maxPool, maxPoolGradient, setPoolingWindow,
} from "./pooling";
export {
  lrnAcross, lrnAcrossGradient, lrnWithin, lrnWithinGradient, setNormalisation,
} from "./lrn";
