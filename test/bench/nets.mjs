/** @file The nets of the benchmarks: those of networks/, and two classifiers written out here. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parsePrototxt } from "../../dist/src/index.js";

const parse = (text) => parsePrototxt(text, { message: "NetParameter" });

/** A network of networks/ with constants for data: what is measured is the net, not a database. */
export function trainingNet(folder, shapes) {
  const path = new URL(`../../networks/${folder}/network.prototxt`, import.meta.url);
  const net = parse(readFileSync(fileURLToPath(path), "utf8"));
  const isForTraining = ({ include }) =>
    include.length === 0 ||
    include.some(({ stage, phase }) => stage.includes("train") || phase === "TRAIN");
  const layers = net.layer.filter(
    (layer) => layer.type !== "Data" && layer.type !== "Python" && isForTraining(layer),
  );
  for (const { type, convolutionParam } of layers) {
    if (type === "Convolution" && !convolutionParam.weightFiller) {
      convolutionParam.weightFiller = { type: "gaussian", std: 0.01 };
    }
  }
  const blobs = Object.entries(shapes);
  const dim = (shape) => `shape { ${shape.map((size) => `dim: ${size}`).join(" ")} }`;
  const data = parse(`layer { name: "data" type: "DummyData"
    ${blobs.map(([name]) => `top: "${name}"`).join(" ")}
    dummy_data_param { ${blobs.map(([, { shape }]) => dim(shape)).join(" ")}
    ${blobs.map(([, { filler }]) => `data_filler { ${filler} }`).join(" ")} } }`);
  return { ...net, layer: [...data.layer, ...layers.map((layer) => ({ ...layer, include: [] }))] };
}

/** Writes layers one after the other, each on the top of the one before. */
class Chain {
  text = "";
  top = "data";

  constructor(shape) {
    const dims = shape.map((size) => `dim: ${size}`).join(" ");
    this.text = `layer { name: "data" type: "Input" top: "data" input_param { shape { ${dims} } } }\n`;
  }

  add(name, type, param = "", inPlace = false) {
    const top = inPlace ? this.top : name;
    this.text += `layer { name: "${name}" type: "${type}" bottom: "${this.top}" top: "${top}" ${param} }\n`;
    this.top = top;
    return this;
  }

  conv(name, outputs, kernel, more = "") {
    const filler = 'weight_filler { type: "xavier" }';
    const param = `convolution_param { num_output: ${outputs} kernel_size: ${kernel} ${more} ${filler} }`;
    return this.add(name, "Convolution", param).add(`relu_${name}`, "ReLU", "", true);
  }

  full(name, outputs, hasRelu = true) {
    const filler = 'weight_filler { type: "gaussian" std: 0.01 }';
    this.add(name, "InnerProduct", `inner_product_param { num_output: ${outputs} ${filler} }`);
    return hasRelu ? this.add(`relu_${name}`, "ReLU", "", true) : this;
  }

  pool(name) {
    return this.add(name, "Pooling", "pooling_param { pool: MAX kernel_size: 3 stride: 2 }");
  }

  lrn(name) {
    return this.add(name, "LRN", "lrn_param { local_size: 5 alpha: 1e-4 beta: 0.75 }");
  }
}

/** AlexNet (Krizhevsky et al. 2012) as Caffe deploys it. */
export function alexNet(batch) {
  const net = new Chain([batch, 3, 227, 227])
    .conv("conv1", 96, 11, "stride: 4")
    .lrn("norm1")
    .pool("pool1")
    .conv("conv2", 256, 5, "pad: 2 group: 2")
    .lrn("norm2")
    .pool("pool2")
    .conv("conv3", 384, 3, "pad: 1")
    .conv("conv4", 384, 3, "pad: 1 group: 2")
    .conv("conv5", 256, 3, "pad: 1 group: 2")
    .pool("pool5")
    .full("fc6", 4096)
    .full("fc7", 4096)
    .full("fc8", 1000, false)
    .add("prob", "Softmax");
  return parse(net.text);
}

/** SqueezeNet v1.0 (Iandola et al. 2016). */
export function squeezeNet(batch) {
  const net = new Chain([batch, 3, 227, 227]).conv("conv1", 96, 7, "stride: 2").pool("pool1");
  const fire = (number, squeeze, expand) => {
    const name = `fire${number}`;
    net.conv(`${name}_squeeze`, squeeze, 1);
    const { top } = net;
    net.conv(`${name}_1x1`, expand, 1);
    net.top = top;
    net.conv(`${name}_3x3`, expand, 3, "pad: 1");
    net.text += `layer { name: "${name}" type: "Concat" bottom: "${name}_1x1" bottom: "${name}_3x3" top: "${name}" }\n`;
    net.top = name;
  };
  fire(2, 16, 64);
  fire(3, 16, 64);
  fire(4, 32, 128);
  net.pool("pool4");
  fire(5, 32, 128);
  fire(6, 48, 192);
  fire(7, 48, 192);
  fire(8, 64, 256);
  net.pool("pool8");
  fire(9, 64, 256);
  net
    .conv("conv10", 1000, 1)
    .add("pool10", "Pooling", "pooling_param { pool: AVE global_pooling: true }")
    .add("prob", "Softmax");
  return parse(net.text);
}

/** A prototxt of so many layers, as generators of ResNets write them. */
export function longPrototxt(layers) {
  const blocks = Array.from({ length: layers / 2 }, (_, i) => {
    const conv = `res${i}_branch2a_convolution`;
    return `layer {
  name: "${conv}"
  type: "Convolution"
  bottom: "${i === 0 ? "data" : `res${i - 1}_branch2a_convolution`}"
  top: "${conv}"
  param { lr_mult: 1 decay_mult: 1 }
  param { lr_mult: 2 decay_mult: 0 }
  convolution_param {
    num_output: 4
    pad: 1
    kernel_size: 3
    stride: 1
    weight_filler { type: "msra" std: 0.010000000707805157 }
    bias_filler { type: "constant" value: 0.20000000298023224 }
  }
}
layer {
  name: "${conv}_relu"
  type: "ReLU"
  bottom: "${conv}"
  top: "${conv}"
  relu_param { negative_slope: 0.10000000149011612 }
}
`;
  });
  return `name: "long"\nlayer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }\n${blocks.join("")}`;
}
