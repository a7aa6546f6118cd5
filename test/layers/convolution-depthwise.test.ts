import { depthwiseCases } from "./support/depthwise-cases.ts";

depthwiseCases("ConvolutionDepthwise");
