/** @file Which train net and test nets a solver names, and the state that each is built with. */
import type { NetParameter, NetState, Phase, SolverParameter } from "../schema/index.ts";
import { failSolver } from "./fail.ts";

/** A net that a solver is about to build. */
export interface NetSource {
  /** Caffe's log line, such as "Creating training net from net file: train_val.prototxt". */
  readonly announcement: string;
  /** A path as the prototxt has it, or the net itself. */
  readonly net: string | NetParameter;
  /** States to merge over that of the net, in order. */
  readonly states: readonly NetState[];
}

/**
 * The train net: exactly one of net, net_param, train_net and train_net_param.
 * @throws NetDefinitionError for none or several
 */
export function trainNetSource(param: SolverParameter): NetSource {
  const fields = "net, net_param, train_net, train_net_param";
  const candidates = [
    ["trainNetParam", "Creating training net specified in train_net_param."],
    ["trainNet", `Creating training net from train_net file: ${param.trainNet}`],
    ["netParam", "Creating training net specified in net_param."],
    ["net", `Creating training net from net file: ${param.net}`],
  ] as const;
  const given = candidates.flatMap(([field, announcement]) => {
    const net = param[field];
    return net === undefined ? [] : [{ field, announcement, net }];
  });
  if (given.length === 0) {
    const problem = "SolverParameter must specify a train net using one of these fields";
    failSolver(param, undefined, `${problem}: ${fields}`);
  }
  if (given.length > 1) {
    const problem = "SolverParameter must not contain more than one of these fields";
    failSolver(param, given[0]!.field, `${problem} specifying a train_net: ${fields}`);
  }
  const { announcement, net } = given[0]!;
  return { announcement, net, states: param.trainState ? [param.trainState] : [] };
}

/**
 * The test nets, one for each test_iter: those of test_net_param and test_net, then the generic net
 * (net_param or net) for what is left.
 * @throws NetDefinitionError where the numbers of nets, test_iters and test_states do not agree
 */
export function testNetSources(param: SolverParameter): readonly NetSource[] {
  const nets = [...ownTestNets(param), ...genericTestNets(param)];
  checkTestNets(param, nets.length);
  return nets.map(({ source, net }, index) => {
    const state = param.testState[index];
    return {
      announcement: `Creating test net (#${index}) specified by ${source}`,
      net,
      states: state ? [state] : [],
    };
  });
}

interface TestNet {
  readonly source: string;
  readonly net: string | NetParameter;
}

function ownTestNets(param: SolverParameter): TestNet[] {
  return [
    ...param.testNetParam.map((net) => ({ source: "test_net_param", net })),
    ...param.testNet.map((net) => ({ source: `test_net file: ${net}`, net })),
  ];
}

function genericTestNets(param: SolverParameter): TestNet[] {
  const own = param.testNet.length + param.testNetParam.length;
  const generic: TestNet | undefined = param.netParam
    ? { source: "net_param", net: param.netParam }
    : param.net === undefined
      ? undefined
      : { source: `net file: ${param.net}`, net: param.net };
  const rest = param.testIter.length - own;
  if (rest < 0 || (rest > 0 && !generic)) {
    const counts = `test_iter: ${param.testIter.length}, test nets: ${own}`;
    const problem = "test_iter must be specified for each test network";
    failSolver(param, "testIter", `${problem} (${counts}).`);
  }
  return generic ? new Array<TestNet>(rest).fill(generic) : [];
}

function checkTestNets(param: SolverParameter, count: number): void {
  const states = param.testState.length;
  if (states > 0 && states !== count) {
    const problem = "test_state must be unspecified or specified once per test net";
    failSolver(param, "testState", `${problem} (test_state: ${states}, test nets: ${count}).`);
  }
  if (count > 0 && (param.testInterval ?? 0) <= 0) {
    const problem = "test_interval must be greater than 0 where there is a test net";
    failSolver(param, "testInterval", `${problem}, but it is ${param.testInterval ?? 0}.`);
  }
}

/** A net's own state with others merged over it: phase and level are replaced, stages added. */
export function mergedState(
  phase: Phase,
  states: readonly (NetState | undefined)[],
): NetState & { readonly phase: Phase } {
  let merged: NetState & { readonly phase: Phase } = { phase, stage: [] };
  for (const state of states) {
    if (!state) continue;
    merged = { ...merged, ...present(state), stage: [...merged.stage, ...state.stage] };
  }
  return merged;
}

function present({ phase, level }: NetState): Partial<Pick<NetState, "phase" | "level">> & {
  phase?: Phase;
} {
  return { ...(phase === undefined ? {} : { phase }), ...(level === undefined ? {} : { level }) };
}
