/** @file Refuses null in a request's body: it is what JSON makes of a number that is none, and schemas would take it for 0. */
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { Refusal } from "./refusal.ts";

export function refuseNulls(app: FastifyInstance): void {
  app.addHook("preValidation", async ({ body }) => {
    if (typeof body !== "object" || body === null || body instanceof Readable) return;
    const field = Object.entries(body).find(([, value]) => hasNull(value))?.[0];
    if (field !== undefined) throw new Refusal(400, "must be a number", field);
  });
}

/** Nothing that a form may hold lies deeper: what does is refused by its schema. */
const DEEPEST = 8;

function hasNull(value: unknown, depth = 0): boolean {
  if (typeof value !== "object" || depth > DEEPEST) return false;
  return value === null || Object.values(value).some((inner) => hasNull(inner, depth + 1));
}
