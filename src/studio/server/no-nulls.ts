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

function hasNull(value: unknown): boolean {
  if (typeof value !== "object") return false;
  return value === null || Object.values(value).some(hasNull);
}
