/** @file Every real prototxt of the reference data: parsed, printed, upgraded, and its shapes built. */
import { describe, expect, test } from "vitest";
import { PrototxtError } from "../../src/errors.ts";
import { openShapeDevice } from "../../src/job/shape-device.ts";
import { builtInLayers } from "../../src/layers/index.ts";
import { Net } from "../../src/net/net.ts";
import { isMessageName, messageDescriptor } from "../../src/schema/descriptor.ts";
import {
  type NetParameter,
  parsePrototxt,
  printPrototxt,
  upgradeNet,
} from "../../src/schema/index.ts";
import { netsOf, type RealPrototxt, realPrototxts } from "../support/prototxt-corpus.ts";
import { hasShared } from "../support/shared.ts";

const files = realPrototxts();

const NO_ROWS_OF_FIVE = /ROI layer C x W x H must be == 5/;
const NO_PROPOSALS = /layer "proposal" \(Python\): No module named "rpn\.proposal_layer"/;

/** Nets of known types that cannot be built from the file alone: where, and what is missing. */
const NOT_BUILT: Readonly<Record<string, RegExp>> = {
  // The BatchNorm of a draft, which learned a scale and a shift.
  "BVLC__caffe/_history/85c2dffe/examples/cifar10/cifar10_full_sigmoid_train_test_bn.prototxt":
    /"bn1" \(BatchNorm\): Cannot configure batch normalization statistics as layer parameters/,
  // The file has a name, and no layers.
  "opencv__opencv_contrib/_history/2935b24d/modules/dnn_objdetect/proto/SqueezeDet_train_test.prototxt":
    /^nothing comes into the net$/,
  // TextBoxes' own PriorBox places every box twice, SSD's once.
  "opencv__opencv_contrib/_history/6e8cb688/modules/text/samples/textbox.prototxt":
    /Number of priors must match number of location predictions/,
  // Only the Python data layer knows that its top "rois" has rows of five numbers.
  "rbgirshick__fast-rcnn/models/VGG16/no_bbox_reg/train.prototxt": NO_ROWS_OF_FIVE,
  "rbgirshick__py-faster-rcnn/models/pascal_voc/ZF/fast_rcnn/train.prototxt": NO_ROWS_OF_FIVE,
  // A detector's proposals are computed by its own Python modules, which are not here.
  "rbgirshick__py-faster-rcnn/models/pascal_voc/ZF/faster_rcnn_end2end/test.prototxt": NO_PROPOSALS,
  "rbgirshick__py-faster-rcnn/models/pascal_voc/ZF/faster_rcnn_end2end/train.prototxt":
    /layer "rpn-data" \(Python\): No module named "rpn\.anchor_target_layer"/,
  "soeaver__caffe-model/det/faster_rcnn/models/pascal_voc/dpn92/rpn_rcnn_deploys/rpn_deploy_faster_voc_dpn92-merge.prototxt":
    NO_PROPOSALS,
  "soeaver__caffe-model/det/faster_rcnn/models/pascal_voc/mobilenet/rpn_rcnn_deploys/rpn_deploy_faster_voc_mobilenet-dw.prototxt":
    NO_PROPOSALS,
  "soeaver__caffe-model/det/faster_rcnn/models/pascal_voc/resnet101-v2/rpn_rcnn_deploys/rpn_deploy_faster_voc_resnet101-v2-merge.prototxt":
    NO_PROPOSALS,
  "soeaver__caffe-model/det/faster_rcnn/models/pascal_voc/resnet152-v2/deploy_faster_voc_resnet152-v2-merge.prototxt":
    NO_PROPOSALS,
  "soeaver__caffe-model/det/rfcn/models/coco/resnext101-32x4d/rpn_rcnn_deploys/rpn_deploy_rfcn_coco_resnext101-32x4d-merge.prototxt":
    NO_PROPOSALS,
  "soeaver__caffe-model/det/rfcn/models/pascal_voc/air101/deploy_rfcn_voc_air101-merge.prototxt":
    NO_PROPOSALS,
  "soeaver__caffe-model/det/rfcn/models/pascal_voc/inception-v4/deploy_rfcn_voc_inception-v4-merge-aligned.prototxt":
    NO_PROPOSALS,
};

const messageOf = ({ kind }: RealPrototxt) =>
  kind === "solver" ? "SolverParameter" : "NetParameter";

function parse(file: RealPrototxt): object | PrototxtError {
  try {
    return parsePrototxt(file.text, { message: messageOf(file), fileName: file.path });
  } catch (error) {
    if (error instanceof PrototxtError) return error;
    throw error;
  }
}

/** A field that BVLC's schema lacks, and that cortado knows: other forks have it. */
function isForeignField({ error }: RealPrototxt): boolean {
  const [, message, name] = /"caffe\.(\w+)" has no field named "(\w+)"/.exec(error) ?? [];
  if (message === undefined || !isMessageName(message)) return false;
  return messageDescriptor(message).byName.has(name!);
}

describe.skipIf(!hasShared)("359 real prototxts (need ../shared)", () => {
  const parsed = new Map(files.map((file) => [file, parse(file)]));
  const failed = files.filter((file) => parsed.get(file) instanceof PrototxtError);
  const sound = files.filter((file) => !failed.includes(file));

  test("are valid where Google's parser says so, or where only a field of another fork is in the way", () => {
    const strict = files.filter(({ isStrict }) => isStrict);
    expect([files.length, strict.length]).toEqual([359, 257]);
    expect(failed.filter(({ isStrict }) => isStrict).map(({ path }) => path)).toEqual([]);
    const kinder = sound.filter(({ isStrict }) => !isStrict);
    expect(kinder.filter((file) => !isForeignField(file)).map(({ path }) => path)).toEqual([]);
  });

  test("are refused with one line and a position where they are not", () => {
    let otherLines = 0;
    for (const file of failed) {
      const { message, location, excerpt } = parsed.get(file) as PrototxtError;
      expect(message.startsWith(`${file.path}:${location?.line}:${location?.column}: `)).toBe(true);
      expect(message).not.toContain("\n");
      expect(excerpt).toMatch(/^\d+ \| .*\n +\| .*\^/);
      if (!isForeignField(file) && !file.error.startsWith(`${location?.line}:`)) otherLines++;
    }
    // Two files break the syntax as well, further down than their first unknown field: that is said first.
    expect(otherLines).toBe(2);
    expect(files.filter(({ kind }) => kind === "malformed")).toHaveLength(16);
    expect(failed.filter(({ kind }) => kind === "malformed")).toHaveLength(16);
  });

  test("print as text that parses to the same message", () => {
    for (const file of sound) {
      const message = parsed.get(file)!;
      const again = parsePrototxt(printPrototxt(message), { message: messageOf(file) });
      expect(again, file.path).toEqual(message);
    }
  });

  test("upgrade to nets of today", () => {
    for (const file of sound.filter(({ kind }) => kind !== "solver")) {
      const { layers, input, inputDim, inputShape } = upgradeNet(parsed.get(file) as NetParameter);
      expect([...layers, ...input, ...inputDim, ...inputShape], file.path).toEqual([]);
    }
  });

  test("build their shapes in every state that they are written for, where all types are known", async () => {
    // Padding layers of V0 become part of the layers after them.
    const known = new Set([...builtInLayers.map(({ type }) => type), "padding(V0)"]);
    const nets = sound.filter(
      ({ kind, types }) => kind === "net" && types.every((type) => known.has(type)),
    );
    const ofBvlc = sound.filter(
      (file) => file.kind === "net" && file.isStrict && file.onlyBvlcTypes,
    );
    expect(ofBvlc).toHaveLength(175);
    expect(ofBvlc.flatMap(({ types }) => types).filter((type) => !known.has(type))).toEqual([]);
    const problems = new Map<string, string>();
    const built = new Set<string>();
    for (const file of nets) {
      const stated = netsOf(file, upgradeNet(parsed.get(file) as NetParameter));
      if (stated.length === 0) problems.set(file.path, "nothing comes into the net");
      for (const { net, state } of stated) {
        try {
          (await Net.load(net, { ...state, device: openShapeDevice() })).dispose();
          built.add(file.path);
        } catch (error) {
          problems.set(file.path, (error as Error).message);
        }
      }
    }
    expect([...problems.keys()].sort()).toEqual(Object.keys(NOT_BUILT));
    for (const [path, message] of problems) expect(message).toMatch(NOT_BUILT[path]!);
    const whole = nets.filter(({ path }) => built.has(path) && !problems.has(path));
    expect(whole).toHaveLength(nets.length - problems.size);
  });
});
