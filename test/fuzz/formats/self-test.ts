/** @file A format whose reader does everything that no reader may do, to see that it is noticed. */
import type { Format } from "../format.ts";

/** What one deed holds on to. */
const held: Uint8Array[] = [];

const DEEDS: readonly (() => unknown)[] = [
  () => undefined,
  () => {
    throw new TypeError("a mistake");
  },
  () => {
    for (;;);
  },
  () => {
    for (let i = 0; i < 300; i++) held.push(Buffer.alloc(2 ** 20, 1));
  },
  () => process.abort(),
  // Nothing that is being waited for: the process ends here.
  () => new Promise(() => {}),
  () => undefined,
];

export const selfTest: Format = {
  name: "self-test",
  seeds: () => [Uint8Array.of(0)],
  mutate: (_, random) => Uint8Array.of(random.below(256)),
  async attempt(bytes) {
    held.length = 0;
    await DEEDS[bytes[0]! % DEEDS.length]!();
  },
};
