/**
 * @file The settings of layer types that are not BVLC's, in binary files.
 *
 * Each fork numbered its own fields of LayerParameter, so that one number means many things: 137 is
 * Embed's settings for BVLC, Upsample's for SegNet, BN's for PSPNet. What tells them apart is the
 * layer's type. So a number is read as a foreign field only in a layer of a type that has the field,
 * and only where its bytes make sense as that message; else it is kept as it was read. A field is
 * written again under the number that it came from. Fields that came from a text get the number that
 * most files have; in a layer of another type, which no fork reads, they get cortado's own number.
 */
import { messageDescriptor } from "./descriptor.ts";
import type { FieldDescriptor } from "./field.ts";
import type { MessageName } from "./generated/messages.ts";

/** A field by its prototxt name, and the numbers that forks gave it, the commonest first. */
type ForeignField = readonly [name: string, ...numbers: number[]];

/** The foreign field of each layer type that has one. */
const FOREIGN_FIELDS = new Map<unknown, ForeignField>([
  // SSD (weiliu89) and NVIDIA's 0.17.
  ["Permute", ["permute_param", 202]],
  ["PriorBox", ["prior_box_param", 203]],
  ["DetectionOutput", ["detection_output_param", 204]],
  ["Normalize", ["norm_param", 206]],
  // PSPNet and its kin (yjxiong); DeepLab.
  ["Interp", ["interp_param", 163, 143]],
  ["BN", ["bn_param", 137]],
  // YOLO's ports (149, 150), SegNet.
  ["Upsample", ["upsample_param", 149, 150, 137]],
  // Fast R-CNN, PSPNet, SSH, Intel.
  ["ROIPooling", ["roi_pooling_param", 8266711, 150, 147, 154]],
  ["SmoothL1Loss", ["smooth_l1_loss_param", 8266712, 148]],
  // SSH, Intel.
  ["PSROIPooling", ["psroi_pooling_param", 149, 153]],
  ["ShuffleChannel", ["shuffle_channel_param", 164, 159]],
  // chinakook and those who took it over, eric612.
  ["ReLU6", ["relu6_param", 100000, 211]],
]);

/** The foreign field that a number stands for in a layer of this type. */
export function foreignFieldAt(
  message: MessageName,
  type: unknown,
  number: number,
): FieldDescriptor | undefined {
  if (message !== "LayerParameter") return undefined;
  const [name, ...numbers] = FOREIGN_FIELDS.get(type) ?? [""];
  return numbers.includes(number) ? messageDescriptor(message).byName.get(name) : undefined;
}

/** The number under which a field of a layer of this type is written if no file says another. */
export function foreignNumber(
  message: MessageName,
  type: unknown,
  field: FieldDescriptor,
): number | undefined {
  if (message !== "LayerParameter") return undefined;
  const [name, number] = FOREIGN_FIELDS.get(type) ?? [""];
  return name === field.name ? number : undefined;
}
