/** @file Whether the C engine was built here. */
import { nativeProblem } from "../../src/math/native.ts";

export const hasNative = nativeProblem() === "";
