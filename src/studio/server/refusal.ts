/** @file A request that is refused, and how the reply says so. */
import { CaffeError } from "../../errors.ts";
import type { ErrorReply } from "../api-types.ts";

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
}

export const notFound = (what: string) => new Refusal(404, `${what} does not exist`);

/** Status and body for anything that a route throws; faults of our own say no more than that. */
export function replyTo(error: unknown): { status: number; body: ErrorReply } {
  if (error instanceof Refusal) {
    return { status: error.status, body: { errors: { [error.field]: [error.message] } } };
  }
  if (error instanceof CaffeError)
    return { status: 400, body: { errors: { "": [error.message] } } };
  const status = statusOf(error);
  const message = error instanceof Error && status < 500 ? error.message : "something went wrong";
  return { status, body: { errors: { [fieldOf(error)]: [message] } } };
}

/** Fastify's own errors: bodies that are too large, or not what the schema says. */
function statusOf(error: unknown): number {
  const has = typeof error === "object" && error !== null && "statusCode" in error;
  return has && typeof error.statusCode === "number" ? error.statusCode : 500;
}

function fieldOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("validation" in error)) return "";
  const first: unknown = Array.isArray(error.validation) ? error.validation[0] : undefined;
  if (typeof first !== "object" || first === null || !("instancePath" in first)) return "";
  return String(first.instancePath).split("/")[1] ?? "";
}
