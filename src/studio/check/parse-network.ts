/** @file The text of a form as a net. */
import { type NetParameter, parsePrototxt, upgradeNet } from "../../schema/index.ts";

/** The name of the text in locations. */
export const NETWORK_FILE = "network";

/** @throws CaffeError with the place in the text */
export function parseNetwork(text: string): NetParameter {
  return upgradeNet(parsePrototxt(text, { message: "NetParameter", fileName: NETWORK_FILE }));
}
