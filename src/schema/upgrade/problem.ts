/** @file What a net or solver that cannot be upgraded is answered. */
import { NetDefinitionError } from "../../errors.ts";
import { excerptOf, locationOf } from "../message.ts";

/** An error at a message, or at one of its fields, in the file that it was parsed from. */
export function problemAt(message: object, sentence: string, field?: string): NetDefinitionError {
  return new NetDefinitionError(sentence, {
    location: locationOf(message, field),
    excerpt: excerptOf(message, field),
  });
}
