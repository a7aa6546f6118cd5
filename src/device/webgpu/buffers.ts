/** @file Numbers of the WebGPU specification that a program outside a browser has to know itself. */

/** GPUBufferUsage. */
export const usage = {
  mapRead: 0x01,
  copySource: 0x04,
  copyTarget: 0x08,
  storage: 0x80,
} as const;

/** GPUMapMode.READ. */
export const MAP_READ = 1;

/** Bytes that a buffer for so many floats has: whole vectors of four. */
export function bufferBytes(floats: number): number {
  return Math.max(16, 16 * Math.ceil(floats / 4));
}
