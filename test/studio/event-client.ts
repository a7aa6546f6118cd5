/** @file A browser's EventSource, as far as tests need it. */
import type { FastifyInstance } from "fastify";

export interface SentEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** Lets an app listen on a free port. @returns its address */
export async function listenOn(app: FastifyInstance): Promise<string> {
  await app.listen({ port: 0, host: "127.0.0.1" });
  const address = app.server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

export class EventClient {
  readonly events: SentEvent[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  /** @param lastId what it had last before its line broke */
  constructor(url: string, lastId?: string) {
    this.#done = this.#read(url, lastId).catch(() => undefined);
  }

  get lastId(): string {
    return this.events.findLast(({ id }) => id !== undefined)?.id ?? "";
  }

  /** What came under one name. */
  data<Data>(event: string): Data[] {
    return this.events.filter((sent) => sent.event === event).map(({ data }) => data as Data);
  }

  /** Breaks the line. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #read(url: string, lastId: string | undefined): Promise<void> {
    const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
    const reply = await fetch(url, { headers, signal: this.#abort.signal });
    let text = "";
    for await (const chunk of reply.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = new Map(
      block.split("\n").map((line) => {
        const [name, ...rest] = line.split(": ");
        return [name!, rest.join(": ")];
      }),
    );
    const event = fields.get("event");
    if (event === undefined) return;
    this.events.push({ id: fields.get("id"), event, data: JSON.parse(fields.get("data")!) });
  }
}
