/**
 * @file TensorFlow.js's side: `node tfjs.mjs WORKLOAD THREADS`, on tfjs-node or the WASM backend, whichever
 * is installed (`npm install --no-save @tensorflow/tfjs-backend-wasm`); without them it is left out.
 */
import { serve } from "../contestant.mjs";

const [, , workload, threads] = process.argv;
const { tf, backend } = await load();
const NETS = {
  "alexnet-forward": [alexNet, 1],
  "alexnet-forward-16": [alexNet, 16],
  "squeezenet-forward": [squeezeNet, 1],
};
if (!tf || !NETS[workload]) process.exit(1);

const weights = new Map();
const weight = (name, ...shape) => {
  if (!weights.has(name)) weights.set(name, tf.keep(tf.randomNormal(shape, 0, 0.01)));
  return weights.get(name);
};

/** Names count up within one pass. */
let layer = 0;
function conv(x, outputs, kernel, { stride = 1, pad = 0, groups = 1 } = {}) {
  const name = `conv${layer++}`;
  const parts = groups === 1 ? [x] : tf.split(x, groups, 3);
  const made = parts.map((part, g) => {
    const w = weight(`${name}.${g}`, kernel, kernel, part.shape[3], outputs / groups);
    return tf.conv2d(part, w, stride, pad);
  });
  return tf.relu(made.length === 1 ? made[0] : tf.concat(made, 3));
}
const pool = (x) => tf.maxPool(x, 3, 2, 0, "ceil");
const norm = (x) => tf.localResponseNormalization(x, 2, 1, 1e-4 / 5, 0.75);
const full = (x, outputs) => tf.matMul(x, weight(`full${layer++}`, x.shape[1], outputs));

function alexNet(x) {
  let y = pool(norm(conv(x, 96, 11, { stride: 4 })));
  y = pool(norm(conv(y, 256, 5, { pad: 2, groups: 2 })));
  y = conv(conv(y, 384, 3, { pad: 1 }), 384, 3, { pad: 1, groups: 2 });
  y = pool(conv(y, 256, 3, { pad: 1, groups: 2 }));
  y = tf.reshape(y, [x.shape[0], -1]);
  return tf.softmax(full(tf.relu(full(tf.relu(full(y, 4096)), 4096)), 1000));
}

function squeezeNet(x) {
  const fire = (y, squeeze, expand) => {
    const s = conv(y, squeeze, 1);
    return tf.concat([conv(s, expand, 1), conv(s, expand, 3, { pad: 1 })], 3);
  };
  let y = pool(conv(x, 96, 7, { stride: 2 }));
  y = pool(fire(fire(fire(y, 16, 64), 16, 64), 32, 128));
  y = fire(fire(fire(fire(y, 32, 128), 48, 192), 48, 192), 64, 256);
  y = conv(fire(pool(y), 64, 256), 1000, 1);
  return tf.softmax(tf.mean(y, [1, 2]));
}

const [net, batch] = NETS[workload];
const image = tf.randomUniform([batch, 227, 227, 3]);
await serve(`${tf.version_core ?? ""} ${backend}`, async () => {
  layer = 0;
  const result = tf.tidy(() => net(image));
  await result.data();
  result.dispose();
});

async function load() {
  try {
    const node = await import("@tensorflow/tfjs-node");
    return { tf: node.default ?? node, backend: "tfjs-node" };
  } catch {
    // Not installed, or not for this Node.
  }
  try {
    const tf = await import("@tensorflow/tfjs-core");
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    wasm.setThreadsCount(Number(threads));
    await tf.setBackend("wasm");
    return { tf, backend: "wasm" };
  } catch {
    return {};
  }
}
