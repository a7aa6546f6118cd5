/** @file What happens to a job, as server-sent events; a client that comes back misses no point. */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyReply } from "fastify";
import { jobFiles } from "../../job/job-record.ts";

const LOOK_MS = 400;
/** A comment now and then tells both ends that the line is open. */
const PING_MS = 15_000;
/** As much of a file as is sent at once. */
const CHUNK_BYTES = 256 * 1024;

/** An open stream of events to one browser. */
export interface EventStream {
  send(event: string, data: unknown, id?: string): void;
  readonly closed: boolean;
}

/**
 * Opens a stream and calls `look` again and again until the browser leaves.
 * @param look what a look costs must not depend on how often it is called: it sends what is new
 */
export function streamEvents(
  reply: FastifyReply,
  look: (stream: EventStream) => Promise<void>,
): void {
  reply.hijack();
  const { raw } = reply;
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  raw.writeHead(200, { ...definedHeaders(reply), ...headers });
  raw.write("retry: 1000\n\n");
  let closed = false;
  const stream: EventStream = {
    send(event, data, id) {
      raw.write(
        `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
      );
    },
    get closed() {
      return closed;
    },
  };
  const ping = setInterval(() => raw.write(": \n\n"), PING_MS);
  const turn = async () => {
    while (!closed) {
      await look(stream).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref());
    }
  };
  raw.once("close", () => {
    closed = true;
    clearInterval(ping);
  });
  void turn();
}

function definedHeaders(reply: FastifyReply): Record<string, string> {
  const entries = Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(entries);
}

/**
 * Sends the lines of `metrics.jsonl` from a place on. The id of an event is the place behind its last line, so
 * the browser's Last-Event-ID says where to go on, whatever happened to this server meanwhile.
 */
export function metricSender(folder: string, from: number): (stream: EventStream) => Promise<void> {
  let offset = from;
  return async (stream) => {
    const file = await open(join(folder, jobFiles.metrics)).catch(() => undefined);
    if (!file) return;
    try {
      const { size } = await file.stat();
      if (size < offset) {
        // Another training has taken the place of the one that was being watched.
        offset = 0;
        stream.send("restart", {}, "0");
      }
      while (offset < size && !stream.closed) {
        const lines = await wholeLines(file, offset, size);
        if (lines === "") return;
        offset += Buffer.byteLength(lines);
        const records = lines.trimEnd().split("\n").flatMap(parsed);
        stream.send("metrics", records, String(offset));
      }
    } finally {
      await file.close();
    }
  };
}

async function wholeLines(file: FileHandle, offset: number, size: number): Promise<string> {
  const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, size - offset));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
  return bytes.toString("utf8", 0, bytes.lastIndexOf(0x0a, bytesRead - 1) + 1);
}

function parsed(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return []; // a line that a crash cut off
  }
}

/** Sends a value when it is not what it was at the last look. */
export function changeSender<Value>(
  event: string,
  read: () => Promise<Value>,
): (stream: EventStream) => Promise<void> {
  let last = "";
  return async (stream) => {
    const value = await read();
    const text = JSON.stringify(value);
    if (text === last) return;
    last = text;
    stream.send(event, value);
  };
}
