/** @file Caffe's messages: their types, defaults and old forms, as text and as bytes. */
export type * from "./generated/messages.ts";
export { completeMessage, type Draft } from "./complete.ts";
export { decodeMessage } from "./decode.ts";
export { encodeChunks, encodeMessage } from "./encode.ts";
export {
  copyMessage,
  createMessage,
  deriveMessage,
  excerptOf,
  locationOf,
  type Resolved,
  withDefaults,
} from "./message.ts";
export { isMessageName } from "./descriptor.ts";
export { parsePrototxt, printPrototxt } from "./text.ts";
export { needsNetUpgrade, upgradeNet, upgradeNetChecked } from "./upgrade/net.ts";
export { upgradeSolver } from "./upgrade/solver.ts";
