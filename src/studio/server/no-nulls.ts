/** @file Refuses null in a request's body: it is what JSON makes of a number that is none, and schemas would take it for 0. */
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { ErrorReply } from "../api-types.ts";

export function refuseNulls(app: FastifyInstance): void {
  app.addHook("preValidation", async ({ body }, reply) => {
    if (typeof body !== "object" || body === null || body instanceof Readable) return;
    const fields = Object.entries(body).filter(([, value]) => hasNull(value));
    if (fields.length === 0) return;
    const errors = Object.fromEntries(fields.map(([field]) => [field, ["must be a number"]]));
    return reply.code(400).send({ errors } satisfies ErrorReply);
  });
}

/** Nothing that a form may hold lies deeper: what does is refused by its schema. */
const DEEPEST = 8;

function hasNull(value: unknown, depth = 0): boolean {
  if (typeof value !== "object" || depth > DEEPEST) return false;
  return value === null || Object.values(value).some((inner) => hasNull(inner, depth + 1));
}
