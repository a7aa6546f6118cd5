/** @file What happened to a fenced layer, in one sentence. */
import type { Death } from "./thread-messages.ts";

/** @param megabytes the limit that the layer had */
export function sentenceOf(death: Death, method: string, megabytes: number): string {
  switch (death.why) {
    case "time":
      return `it timed out after ${death.seconds} s in ${method}, and was ended`;
    case "memory":
      return `it used more than ${megabytes} MiB of memory in ${method}, and was ended`;
    case "protocol":
      return `it wrote into the fence's own pipe in ${method}, and was ended`;
    case "start":
      return `its process does not start: ${death.problem}`;
    case "exit": {
      const how = death.signal ? `signal ${death.signal}` : `exit code ${death.code}`;
      return `its process ended by itself in ${method} (${how})`;
    }
  }
}
