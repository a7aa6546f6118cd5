/** @file cortado's side: `node worker.mjs WORKLOAD ENGINE THREADS [DEVICE]`. */
import { serve } from "./contestant.mjs";
import { probes, workloads } from "./workloads.mjs";

const [, , name, engine, threads, device = "cpu"] = process.argv;
// Also for what starts processes of its own.
process.env.CORTADO_ENGINE = engine;
const workload = [...workloads, ...probes].find((known) => known.name === name);
const run = await workload.prepare({ threads: Number(threads), device });
await serve(run.version ?? "", run);
