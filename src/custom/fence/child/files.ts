/**
 * @file `loadImage` and `readNpy` of a fenced layer. The net's process reads and decodes: it begins when
 * the layer asks, also while it computes, and gives the values when the layer can wait, in `setup` and
 * `prepare`.
 */
import { MAX_BEGUN } from "../begun.ts";
import type { FileFacts, FileWish } from "../messages.ts";
import { ask } from "./net-side.ts";

/** Whether the order that is worked on may be waited in. */
let isWaiting = false;
/** Those that can go on in the next such order, or when another file was taken. */
let sleepers: (() => void)[] = [];
let begun = 0;

/** What is asked for from now on can be given at once, until `endWaiting`. */
export function beginWaiting(): void {
  isWaiting = true;
  wakeAll();
}

export function endWaiting(): void {
  isWaiting = false;
}

type Form = Extract<FileWish, { kind: "image" }>["form"];

export async function loadImage(path: string, form: Form = "bgr") {
  const { facts, numbers } = await read({ kind: "image", path: String(path), form });
  const [channels = 0, height = 0, width = 0] = facts.shape;
  const data =
    facts.type === "uint16" ? new Uint16Array(numbers.buffer) : new Uint8Array(numbers.buffer);
  return { channels, height, width, data };
}

export async function readNpy(path: string) {
  const { facts, numbers } = await read({ kind: "npy", path: String(path) });
  return { shape: facts.shape, data: new Float32Array(numbers.buffer) };
}

async function read(
  file: FileWish,
): Promise<{ facts: FileFacts; numbers: Uint8Array<ArrayBuffer> }> {
  while (begun >= MAX_BEGUN) await sleep();
  begun++;
  try {
    const ticket = ask({ ask: "begin", file }).answer.ticket!;
    // Nothing can be given while the net's thread sleeps.
    while (!isWaiting) await sleep();
    const { answer, numbers } = ask({ ask: "take", ticket });
    return { facts: answer.file!, numbers };
  } finally {
    begun--;
    wakeAll();
  }
}

const sleep = () => new Promise<void>((wake) => sleepers.push(wake));

function wakeAll(): void {
  const woken = sleepers;
  sleepers = [];
  for (const wake of woken) wake();
}
