import { depthwiseCases } from "./support/depthwise-cases.ts";

depthwiseCases("DepthwiseConvolution");
