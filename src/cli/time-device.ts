/** @file What `cortado time` tells of a device with memory of its own. */
import { hardwareOf } from "../device/index.ts";
import type { TransferCounts } from "../device/index.ts";
import type { Net } from "../net/net.ts";

const NOTHING: TransferCounts = { submissions: 0, dispatches: 0, bytesUp: 0, bytesDown: 0 };

/** Counts what went over since it was last asked. */
export function transferMeter(net: Net): () => TransferCounts {
  const counts = net.device.remote?.counts ?? NOTHING;
  let before = { ...counts };
  return () => {
    const since = {
      submissions: counts.submissions - before.submissions,
      dispatches: counts.dispatches - before.dispatches,
      bytesUp: counts.bytesUp - before.bytesUp,
      bytesDown: counts.bytesDown - before.bytesDown,
    };
    before = { ...counts };
    return since;
  };
}

/**
 * Runs iterations as a training does, nobody waiting after each layer, and tells what they cost: the
 * work that is handed over, and the host's time for it.
 */
export async function deviceLines(net: Net, rounds: number): Promise<string[]> {
  const { remote } = net.device;
  if (!remote) return [];
  await remote.finish();
  const meter = transferMeter(net);
  let recording = Number.POSITIVE_INFINITY;
  const start = performance.now();
  for (let i = 0; i < rounds; i++) {
    const before = performance.now();
    await net.runUnread();
    await net.backward({}, { everyLayer: true });
    recording = Math.min(recording, performance.now() - before);
  }
  await remote.finish();
  const whole = (performance.now() - start) / rounds;
  const each = (count: number) => (count / rounds).toLocaleString("en-US", MAX_TWO_DIGITS);
  const { submissions, dispatches, bytesUp, bytesDown } = meter();
  const onHost = net.layers.filter((_, i) => !net.runsOnDevice(i));
  const names = onHost.map(({ name, type }) => `${name} (${type})`).join(", ");
  return [
    "",
    `device         ${net.device.name}: ${hardwareOf(net.device)}`,
    `on the host    ${names || "no layer"}`,
    `an iteration   ${whole.toFixed(2)} ms where nobody waits after each layer; the host takes ${recording.toFixed(2)} ms to order it`,
    `               ${each(submissions)} submissions, ${each(dispatches)} dispatches, ` +
      `${each(bytesUp)} bytes up, ${each(bytesDown)} bytes down`,
  ];
}

const MAX_TWO_DIGITS = { maximumFractionDigits: 2 } as const;
