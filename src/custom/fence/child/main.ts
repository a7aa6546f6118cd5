/** @file A fenced layer's process: what `build-fence.mjs` bundles. It answers one order after the other. */
import { Heap } from "../../../core/heap.ts";
import { tensorflow } from "../../../core/tensor.ts";
import { type Frame, kinds } from "../frame.ts";
import type { CreateOrder, MethodOrder, Order } from "../messages.ts";
import { FenceFailure, describeFenced, failureOf } from "./failure.ts";
import { beginWaiting, endWaiting } from "./files.ts";
import { closeFence } from "./guard.ts";
import { FencedBlobs } from "./net-side.ts";
import { readFrame, writeFrame } from "./pipe.ts";
import { LayerSide } from "./layer-side.ts";

// Only while something async is waited for: nothing else of the layer runs then.
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (thrown: unknown) => {
    const text = `it threw where nobody waits for it: ${describeFenced(thrown)}`;
    writeFrame(kinds.end, failureOf(new FenceFailure(text)));
  });
}
tensorflow(); // asks the process what it is while that can still be told
const requireModule = closeFence(process.argv.slice(2));
let layer: LayerSide | undefined;

// A promise that is never kept takes too long; it does not end the process.
setInterval(() => {}, 2 ** 30);
void answerAll();

async function answerAll(): Promise<void> {
  for (let frame = readFrame(); frame; frame = readFrame()) {
    const order = JSON.parse(frame.json) as Order;
    try {
      if (order.method === "create") await create(order);
      else await run(order, frame);
    } catch (error) {
      endWaiting();
      writeFrame(kinds.end, failureOf(error));
    }
  }
}

async function create(order: CreateOrder): Promise<void> {
  const blobs = new FencedBlobs(new Heap(), order.shapes);
  beginWaiting();
  layer = await LayerSide.create(order, blobs, requireModule);
  end(layer, undefined, true);
}

/** Only what may be async is waited for, so that nothing of the layer runs between orders. */
async function run(order: MethodOrder, { numbers }: Frame): Promise<void> {
  if (!layer) throw new FenceFailure("the layer was not made");
  layer.blobs.begin(order.shapes, order.sent, numbers);
  if (order.method === "prepare") beginWaiting();
  const state = order.method === "prepare" ? await layer.prepare() : layer.call(order);
  end(layer, state, false);
}

function end({ blobs, random, hooks }: LayerSide, state: unknown, isNew: boolean): void {
  endWaiting();
  const ends = blobs.all.map((blob) => blob.end());
  const written = ends.flatMap((blob) => blob.written);
  const draws = random.release();
  const done = {
    done: true,
    shapes: blobs.all.map(({ shape }) => shape),
    written: written.map(({ ref }) => ref),
    read: ends.flatMap((blob) => blob.read),
    hasRandom: draws.length > 0,
    state,
    ...(isNew ? { hooks } : {}),
  };
  writeFrame(kinds.end, done, [...written.map(({ bytes }) => bytes), ...draws]);
}
