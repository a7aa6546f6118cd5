/** @file Nets of other people with layer types of other forks. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openShapeDevice } from "../../src/job/shape-device.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { expectClose } from "../support/allclose.ts";
import { hasOpenCv, inputLayer, runBoth } from "../support/opencv.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

const MOBILENET_SSD = "chuanqi305__MobileNet-SSD/template/MobileNetSSD_deploy_template.prototxt";

/** A net's text; the template of MobileNet-SSD with its places for 21 classes filled in. */
function textOf(path: string): string {
  const text = readFileSync(sharedPath("data", "prototxt", path), "utf8");
  return text.replaceAll(/cls(\d)x/g, (_, boxes) => String(21 * Number(boxes)));
}

describe.skipIf(!hasShared)("real nets of other forks (need ../shared)", () => {
  test.each([
    [MOBILENET_SSD, "detection_out", [1, 1, 1, 7]],
    [
      "opencv__opencv_contrib/_history/120e78e9/modules/dnn/samples/ssd_ilsvrc15_300x300.prototxt",
      "detection_out",
      [1, 1, 1, 7],
    ],
    ["moskewcz__boda/nets/rrc/deploy.prototxt", "detection_out2", [1, 1, 1, 7]],
    [
      "hszhao__PSPNet/evaluation/prototxt/pspnet101_VOC2012_473.prototxt",
      "conv6_interp",
      [1, 21, 473, 473],
    ],
    [
      "soeaver__caffe-model/seg/pspnet/models/pascal_voc/resnet101-v2/deploy_psp_resnet101-v2-merge.prototxt",
      "prob",
      [1, 21, 513, 513],
    ],
    ["hujie-frank__SENet/models/SE-ResNeXt-50.prototxt", "prob", [1, 1000]],
    ["hujie-frank__SENet/models/SENet-154.prototxt", "prob", [1, 1000]],
    ["soeaver__caffe-model/cls/inception/deploy_xception-dw.prototxt", "prob", [1, 1000]],
    [
      "eric612__MobileNet-YOLO/models/tusimple/mobilenet_yolov3_lite_deploy.prototxt",
      "sigmoid",
      [1, 1, 128, 128],
    ],
    ["rbgirshick__fast-rcnn/models/CaffeNet/no_bbox_reg/test.prototxt", "cls_prob", [1, 21]],
    ["rbgirshick__fast-rcnn/models/VGG_CNN_M_1024/compressed/test.prototxt", "cls_prob", [1, 21]],
    [
      "daijifeng001__R-FCN/models/rfcn_prototxts/ResNet-50L_OHEM_res3a/test.prototxt",
      "cls_prob",
      [1, 21, 1, 1],
    ],
  ] as const)("%s has %s of the shape %j", async (path, output, shape) => {
    const net = await Net.load(parsePrototxt(textOf(path), { message: "NetParameter" }), {
      phase: "TEST",
      device: openShapeDevice(),
    });
    const blobs = net.outputs.map((name) => `${name}: ${net.blobs.get(name)!.shape}`);
    net.dispose();
    expect(blobs).toContain(`${output}: ${shape}`);
  });

  test.skipIf(!hasOpenCv)(
    "MobileNet-SSD with random weights finds what OpenCV finds (needs cv2)",
    async () => {
      const text = textOf(MOBILENET_SSD).replace(
        "confidence_threshold: 0.25",
        "confidence_threshold: 0.06",
      );
      const found = await runBoth(text, "detection_out", prepare);
      expect(found.ours.shape[2]).toBeGreaterThan(10);
      // Thirty layers of float32 sums in another order.
      expectClose(rows(found.ours.data), rows(found.theirs.data), { rtol: 1e-3, atol: 1e-4 });
    },
    120_000,
  );
});

describe("a SegNet in small", () => {
  const layer = (type: string, bottoms: string, top: string, more = "") =>
    `layer { name: "${top}" type: "${type}" ${bottoms
      .split(" ")
      .map((bottom) => `bottom: "${bottom}"`)
      .join(" ")} top: "${top}" ${more} }\n`;
  const conv =
    'convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "msra" } }';
  const bn =
    'bn_param { scale_filler { type: "constant" value: 1 } shift_filler { type: "constant" value: 0.001 } }';
  const text =
    inputLayer("data", 2, 3, 7, 10) +
    layer("Convolution", "data", "conv1", conv) +
    layer("BN", "conv1", "bn1", bn) +
    layer("ReLU", "bn1", "relu1") +
    layer("Pooling", "relu1", "pool1", 'top: "mask1" pooling_param { kernel_size: 2 stride: 2 }') +
    layer("Upsample", "pool1 mask1", "up1", "upsample_param { scale: 2 pad_out_h: true }") +
    layer("Convolution", "up1", "score", conv) +
    layer("L1Loss", "score target", "loss");

  test("puts each maximum back to its place, and learns", async () => {
    const full = inputLayer("target", 2, 4, 7, 10) + text;
    const net = await Net.load(parsePrototxt(full, { message: "NetParameter" }), { seed: 5 });
    const { data } = net.blobs.get("data")!;
    for (let i = 0; i < data.length; i++) data[i] = net.random.gaussian(0, 1);
    await net.forward();
    const [before, after] = ["relu1", "up1"].map((name) => net.blobs.get(name)!);
    expect(after!.shape).toEqual(before!.shape);
    let kept = 0;
    after!.data.forEach((value, i) => {
      if (value === 0) return;
      kept++;
      expect(value).toBe(before!.data[i]);
    });
    expect(kept).toBeGreaterThan(50);
    await net.backward();
    const gradient = net.params.get("conv1")![0]!.diff;
    expect(gradient.some((value) => value !== 0)).toBe(true);
    net.dispose();
  });
});

/** Weights as the fillers left them, statistics of a batch that needs none, and a picture. */
function prepare({ layers, blobs, random, inputs }: Net): void {
  for (const { type, blobs: own } of layers) {
    if (type === "Scale") own[0]!.data.fill(1);
    if (type !== "BatchNorm") continue;
    own[1]!.data.fill(1);
    own[2]!.data.fill(1);
  }
  const { data } = blobs.get(inputs[0]!)!;
  for (let i = 0; i < data.length; i++) data[i] = random.uniform(-1, 1);
}

/** Detections by class, then best first: OpenCV orders them otherwise, and fills up with zeros. */
function rows(data: readonly number[]): number[] {
  return Array.from({ length: data.length / 7 }, (_, i) => data.slice(7 * i, 7 * i + 7))
    .filter((row) => row[2]! > 0)
    .sort((a, b) => a[1]! - b[1]! || b[2]! - a[2]!)
    .flat();
}
