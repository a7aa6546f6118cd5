/** @file A request that is refused, and how the reply says so. */
import { CaffeError } from "../../errors.ts";
import type { ErrorReply } from "../api-types.ts";
import { type SchemaError, schemaSentence } from "./schema-sentence.ts";

/** What the user asked for cannot be done; the message is for them. */
export class Refusal extends Error {
  readonly status: number;
  /** The field of the form that is to blame; "" for none. */
  readonly field: string;

  constructor(status: number, message: string, field = "") {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.field = field;
  }

  /** The same, with the name that the user knows a file by in place of its path here. */
  naming(path: string, name: string): Refusal {
    return new Refusal(
      this.status,
      this.message.replaceAll(path, () => name),
      this.field,
    );
  }
}

export const notFound = (what: string) => new Refusal(404, `${what} does not exist`);

/** Status and body for anything that a route throws; faults of our own say no more than that. */
export function replyTo(error: unknown): { status: number; body: ErrorReply } {
  if (error instanceof Refusal) {
    return { status: error.status, body: { errors: { [error.field]: [error.message] } } };
  }
  if (error instanceof CaffeError)
    return { status: 400, body: { errors: { "": [error.message] } } };
  const wrong = schemaErrorOf(error);
  if (wrong) {
    const { field, sentence } = schemaSentence(wrong);
    return { status: 400, body: { errors: { [field]: [sentence] } } };
  }
  const status = statusOf(error);
  const message = error instanceof Error && status < 500 ? error.message : "something went wrong";
  return { status, body: { errors: { "": [message] } } };
}

/** Fastify's own errors, such as bodies that are too large. */
function statusOf(error: unknown): number {
  const has = typeof error === "object" && error !== null && "statusCode" in error;
  return has && typeof error.statusCode === "number" ? error.statusCode : 500;
}

/** The first thing that a schema found; undefined for any other error. */
function schemaErrorOf(error: unknown): SchemaError | undefined {
  if (typeof error !== "object" || error === null || !("validation" in error)) return undefined;
  const first: unknown = Array.isArray(error.validation) ? error.validation[0] : undefined;
  return typeof first === "object" && first !== null ? first : undefined;
}
