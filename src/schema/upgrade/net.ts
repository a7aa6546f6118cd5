/** @file Nets of every age become nets of today (BVLC `UpgradeNetAsNeeded`). */
import type { NetParameter } from "../generated/messages.ts";
import { locationOf } from "../message.ts";
import { needsBatchNormUpgrade, upgradeBatchNorms, upgradeInputs } from "./current.ts";
import { silent, type UpgradeLog } from "./log.ts";
import { isV0, upgradeV0 } from "./v0.ts";
import { needsTransformUpgrade, upgradeTransforms, upgradeV1 } from "./v1.ts";

/** One of the upgrades, in the words and with the lines of upgrade_proto.cpp. */
interface Step {
  applies(net: NetParameter): boolean;
  apply(net: NetParameter, log: UpgradeLog): { net: NetParameter; isComplete: boolean };
  /** "Attempting to upgrade" this. */
  readonly start: string;
  readonly done: string;
  readonly problem?: string;
  readonly note?: string;
  readonly lines: readonly [start: number, problem: number, done: number, note: number];
}

const always =
  (upgrade: (net: NetParameter) => NetParameter): Step["apply"] =>
  (net) => ({ net: upgrade(net), isComplete: true });

const deprecated = "input file specified using deprecated";

const STEPS: readonly Step[] = [
  {
    applies: isV0,
    apply: upgradeV0,
    start: `${deprecated} V0LayerParameter`,
    done: "file specified using deprecated V0LayerParameter",
    problem: "V0NetParameter to NetParameter",
    note:
      "not support V0NetParameter; use ./build/tools/upgrade_net_proto_text for prototxt and " +
      "./build/tools/upgrade_net_proto_binary for model weights upgrade this and any other net " +
      "protos to the new format.",
    lines: [28, 33, 36, 39],
  },
  {
    applies: needsTransformUpgrade,
    apply: always(upgradeTransforms),
    start: `${deprecated} transformation parameters`,
    done: "file specified using deprecated data transformation parameters.",
    note: "only support transform_param messages for transformation fields.",
    lines: [46, 0, 49, 51],
  },
  {
    applies: (net) => net.layers.length > 0,
    apply: upgradeV1,
    start: `${deprecated} V1LayerParameter`,
    done: "file specified using deprecated V1LayerParameter",
    problem: "V1LayerParameter",
    lines: [55, 60, 63, 0],
  },
  {
    applies: (net) => net.input.length > 0,
    apply: always(upgradeInputs),
    start: `${deprecated} input fields`,
    done: "file specified using deprecated input fields.",
    note: "only support input layers and not input fields.",
    lines: [69, 0, 72, 74],
  },
  {
    applies: needsBatchNormUpgrade,
    apply: always(upgradeBatchNorms),
    start: "batch norm layers using deprecated params",
    done: "batch norm layers using deprecated params.",
    lines: [79, 0, 82, 0],
  },
];

/** Whether `upgradeNet` would change the net. */
export function needsNetUpgrade(net: NetParameter): boolean {
  return STEPS.some((step) => step.applies(net));
}

/**
 * Brings a net of any age into the form of today; nets of today come back as they are. The net that
 * is given stays as it was. Layers keep their places in the file.
 *
 * Order: V0 to V1, old transformation fields, V1 to `layer`, input fields, BatchNorm parameters.
 * @param logger gets Caffe's log lines
 * @param fileName what the log calls the net; by default the file that it was parsed from
 * @throws NetDefinitionError for what Caffe refuses to upgrade
 */
export function upgradeNet(
  net: NetParameter,
  logger: UpgradeLog = silent,
  fileName?: string,
): NetParameter {
  return upgradeNetChecked(net, logger, fileName).net;
}

/** Like `upgradeNet`; `isComplete` is false when a setting had no place in its layer and was dropped. */
export function upgradeNetChecked(
  net: NetParameter,
  logger: UpgradeLog = silent,
  fileName: string = locationOf(net)?.file ?? "",
): { readonly net: NetParameter; readonly isComplete: boolean } {
  let upgraded = net;
  let isComplete = true;
  for (const step of STEPS) {
    if (!step.applies(upgraded)) continue;
    const [startLine, problemLine, doneLine, noteLine] = step.lines;
    const log = (level: "info" | "warning" | "error", line: number, message: string) =>
      logger.log(level, `upgrade_proto.cpp:${line}`, message);
    log("info", startLine, `Attempting to upgrade ${step.start}: ${fileName}`);
    const result = step.apply(upgraded, logger);
    upgraded = result.net;
    if (result.isComplete) {
      log("info", doneLine, `Successfully upgraded ${step.done}`);
    } else {
      isComplete = false;
      const problem = `had one or more problems upgrading ${step.problem} (see above)`;
      log("error", problemLine, `Warning: ${problem}; continuing anyway.`);
    }
    if (step.note) log("warning", noteLine, `Note that future Caffe releases will ${step.note}`);
  }
  return { net: upgraded, isComplete };
}
