/** @file FilterNet: which layers of a prototxt belong to a net of a given phase, level and stages. */
import { NetDefinitionError } from "../errors.ts";
import type { Logger } from "../core/logger.ts";
import {
  type LayerParameter,
  type NetParameter,
  type NetStateRule,
  type Phase,
  locationOf,
} from "../schema/index.ts";

/** The state that include and exclude rules are held against. */
export interface State {
  readonly phase: Phase;
  readonly level: number;
  readonly stages: readonly string[];
}

const PHASE_NUMBER = { TRAIN: 0, TEST: 1 } as const;

/**
 * Keeps the layers that belong to `state`: with include rules, those that meet any of them; else
 * those that meet no exclude rule. (BVLC Net::FilterNet)
 * @throws NetDefinitionError for a layer with both kinds of rules
 */
export function filterLayers(
  net: NetParameter,
  state: State,
  logger?: Logger,
): readonly LayerParameter[] {
  return net.layer.filter((layer) => {
    if (layer.include.length && layer.exclude.length) {
      throw new NetDefinitionError(
        `layer "${layer.name ?? ""}" (${layer.type ?? ""}): Specify either include rules or exclude rules; not both.`,
        { location: locationOf(layer) },
      );
    }
    const matches = (rule: NetStateRule) => meetsRule(state, rule, layer.name ?? "", logger);
    return layer.include.length ? layer.include.some(matches) : !layer.exclude.some(matches);
  });
}

/** Whether all given parts of a rule hold (BVLC Net::StateMeetsRule). */
function meetsRule(state: State, rule: NetStateRule, layerName: string, logger?: Logger): boolean {
  const differs = whatDiffers(state, rule);
  if (differs) logger?.log("info", differs.source, `${differs.text} in layer ${layerName}`);
  return !differs;
}

function whatDiffers(
  { phase, level, stages }: State,
  rule: NetStateRule,
): { source: string; text: string } | undefined {
  if (rule.phase !== undefined && rule.phase !== phase) {
    const [is, wanted] = [PHASE_NUMBER[phase], PHASE_NUMBER[rule.phase]];
    return {
      source: "net.cpp:296",
      text: `The NetState phase (${is}) differed from the phase (${wanted}) specified by a rule`,
    };
  }
  if (rule.minLevel !== undefined && level < rule.minLevel) {
    return {
      source: "net.cpp:304",
      text: `The NetState level (${level}) is above the min_level (${rule.minLevel}) specified by a rule`,
    };
  }
  if (rule.maxLevel !== undefined && level > rule.maxLevel) {
    return {
      source: "net.cpp:312",
      text: `The NetState level (${level}) is above the max_level (${rule.maxLevel}) specified by a rule`,
    };
  }
  const missing = rule.stage.find((stage) => !stages.includes(stage));
  if (missing !== undefined) {
    return {
      source: "net.cpp:328",
      text: `The NetState did not contain stage '${missing}' specified by a rule`,
    };
  }
  const unwanted = rule.notStage.find((stage) => stages.includes(stage));
  if (unwanted !== undefined) {
    return {
      source: "net.cpp:344",
      text: `The NetState contained a not_stage '${unwanted}' specified by a rule`,
    };
  }
  return undefined;
}
