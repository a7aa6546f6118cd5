/** @file Server-sent events to one browser. */
import { once } from "node:events";
import type { FastifyReply, FastifyRequest } from "fastify";

/** A comment now and then tells both ends that the line is open. */
const PING_MS = 15_000;

export interface EventStream {
  /** @param id what a browser that comes back says that it had last */
  send(event: string, data: unknown, id?: string): void;
  /** Waits for a browser that reads more slowly than is written. */
  drained(): Promise<void>;
  readonly closed: boolean;
}

/**
 * Opens a stream, and calls `look` at once and after each change until the browser leaves.
 * @param look sends what is new since the last look; calls do not overlap
 * @param listen calls back at each change; returns a function that ends it
 */
export function streamEvents(
  reply: FastifyReply,
  look: (stream: EventStream) => Promise<void>,
  listen: (again: () => void) => () => void,
): void {
  reply.hijack();
  const { raw } = reply;
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  raw.writeHead(200, { ...ownHeaders(reply), ...headers });
  raw.write("retry: 1000\n\n");
  const stream: EventStream = {
    send(event, data, id) {
      const place = id === undefined ? "" : `id: ${id}\n`;
      raw.write(`${place}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    async drained() {
      if (raw.writableNeedDrain) await Promise.race([once(raw, "drain"), once(raw, "close")]);
    },
    get closed() {
      return raw.closed || raw.destroyed;
    },
  };
  const again = oneAtATime(() => (stream.closed ? Promise.resolve() : look(stream)));
  const unlisten = listen(again);
  const ping = setInterval(() => raw.write(": \n\n"), PING_MS);
  raw.once("close", () => {
    clearInterval(ping);
    unlisten();
  });
  again();
}

/** Runs an action at each call; calls while it runs come to one more run. */
function oneAtATime(action: () => Promise<void>): () => void {
  let isRunning = false;
  let isWanted = false;
  return async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      // What a look could not read, the next one may.
      await action().catch(() => undefined);
    }
    isRunning = false;
  };
}

function ownHeaders(reply: FastifyReply): Record<string, string> {
  const entries = Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(entries);
}

/** What a browser that comes back had last, or what its page came with (`?last=`); "" for a new one. */
export function lastEventId({ headers, query }: FastifyRequest): string {
  const given = headers["last-event-id"] ?? (query as { last?: unknown }).last;
  return typeof given === "string" ? given : "";
}
