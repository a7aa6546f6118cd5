/** @file Caffe's random numbers, drawn on the GPU: where a source of the host stands, and on from there. */
import type { RandomSource, RandomState } from "../../core/random.ts";
import { SyncedMemory } from "../../core/synced-memory.ts";
import type { Gpu } from "./gpu.ts";
import { type TaskSpec, updates, writes } from "./task.ts";

/** Words of mt19937. */
const SIZE = 624;
/** New words that depend on old ones alone; so many lanes make a block without waiting for each other. */
const LANES = 227;

/** The numbers of one source, as they go on on the GPU. */
export interface GpuRandom {
  /** Makes the state of the GPU that of the source, and tells the source that so many draws follow. */
  begin(draws: number): void;
  /** Draws so many words, which still have to be tempered (`keeps`). */
  drawTask(label: string, draws: number, words: SyncedMemory): TaskSpec<string>;
  dispose(): void;
}

interface Generator {
  readonly state: SyncedMemory;
  /** The source's epoch when it and the GPU last agreed. */
  epoch: number;
  users: number;
}

const generators = new WeakMap<Gpu, WeakMap<RandomSource, Generator>>();

/** The generator of a source; all layers that draw from the source share it. */
export function gpuRandom(gpu: Gpu, source: RandomSource): GpuRandom {
  const ofGpu = generators.get(gpu) ?? new WeakMap<RandomSource, Generator>();
  generators.set(gpu, ofGpu);
  const generator = ofGpu.get(source) ?? newGenerator(gpu);
  ofGpu.set(source, generator);
  generator.users++;
  const { state } = generator;
  return {
    begin(draws) {
      if (generator.epoch !== source.epoch) {
        writeState(state, source.state());
        generator.epoch = source.epoch;
      }
      source.skip(draws, () => readState(state));
    },
    drawTask: (label, draws, words) => ({
      label,
      args: { state: updates(state, "u32"), words: writes(words, "u32") },
      groups: [1],
      code: () => drawCode(draws),
    }),
    dispose() {
      if (--generator.users > 0) return;
      ofGpu.delete(source);
      state.release();
    },
  };
}

function newGenerator(gpu: Gpu): Generator {
  return { state: new SyncedMemory(gpu.heap, SIZE + 1), epoch: -1, users: 0 };
}

/** The words and then the index of the next one, as they lie in the memory. */
function wordsOf(state: SyncedMemory): Uint32Array {
  const { buffer, byteOffset } = state.hostView();
  return new Uint32Array(buffer, byteOffset, SIZE + 1);
}

function writeState(state: SyncedMemory, { words, next }: RandomState): void {
  const view = wordsOf(state);
  view.set(words);
  view[SIZE] = next;
  state.newest = "host";
}

async function readState(state: SyncedMemory): Promise<RandomState> {
  await state.bringToHost();
  const view = wordsOf(state);
  return { words: Array.from(view.subarray(0, SIZE)), next: view[SIZE]! };
}

/**
 * One workgroup makes block after block. New word i needs old words and new word i - 227, which its lane
 * has just made; only the last word needs another lane's, and makes it again. So there is one barrier a block.
 * The number of rounds is a constant, as compilers differ in what they take for the same in all lanes.
 */
function drawCode(draws: number): string {
  return /* wgsl */ `
const DRAWS = ${draws}u;
var<workgroup> blocks: array<u32, ${2 * SIZE}>;
var<workgroup> begin: u32;
@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var k = lane; k < ${SIZE}u; k += ${LANES}u) { blocks[k] = state[k]; }
  if (lane == 0u) { begin = state[${SIZE}]; }
  let next = workgroupUniformLoad(&begin);
  var done = min(DRAWS, ${SIZE}u - next);
  for (var k = lane; k < done; k += ${LANES}u) { words[k] = blocks[next + k]; }
  var last = next + done;
  var now = 0u;
  for (var block = 0u; block < ${Math.ceil(draws / SIZE)}u; block++) {
    let is_wanted = done < DRAWS;
    let then = ${SIZE}u - now;
    if (is_wanted) {
      let first = blocks[now + lane + ${SIZE - LANES}u] ^ twist(now + lane, blocks[now + lane + 1u]);
      let second = first ^ twist(now + lane + ${LANES}u, blocks[now + lane + ${LANES + 1}u]);
      blocks[then + lane] = first;
      blocks[then + lane + ${LANES}u] = second;
      if (done + lane < DRAWS) { words[done + lane] = first; }
      if (done + lane + ${LANES}u < DRAWS) { words[done + lane + ${LANES}u] = second; }
      if (lane < ${SIZE - 2 * LANES}u) {
        var low = blocks[${SIZE - LANES}u + now] ^ twist(now, blocks[now + 1u]);
        if (lane < ${SIZE - 2 * LANES - 1}u) { low = blocks[now + lane + ${2 * LANES + 1}u]; }
        let third = second ^ twist(now + lane + ${2 * LANES}u, low);
        blocks[then + lane + ${2 * LANES}u] = third;
        if (done + lane + ${2 * LANES}u < DRAWS) { words[done + lane + ${2 * LANES}u] = third; }
      }
    }
    workgroupBarrier();
    if (is_wanted) {
      last = min(DRAWS - done, ${SIZE}u);
      done += last;
      now = then;
    }
  }
  for (var k = lane; k < ${SIZE}u; k += ${LANES}u) { state[k] = blocks[now + k]; }
  if (lane == 0u) { state[${SIZE}] = last; }
}
/** The word at \`high\` and the one after it, joined and twisted. */
fn twist(high: u32, low: u32) -> u32 {
  let y = (blocks[high] & 0x80000000u) | (low & 0x7fffffffu);
  return (y >> 1u) ^ select(0u, 0x9908b0dfu, (y & 1u) == 1u);
}`;
}

/** A WGSL function: whether a word that was drawn is at most `largest`. */
export function keeps(largest: number): string {
  return /* wgsl */ `
fn keeps(word: u32) -> bool {
  var y = word ^ (word >> 11u);
  y ^= (y << 7u) & 0x9d2c5680u;
  y ^= (y << 15u) & 0xefc60000u;
  return (y ^ (y >> 18u)) <= ${largest}u;
}`;
}
