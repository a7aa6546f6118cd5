/** @file The names of the devices, without their code; the studio's pages read them too. */

export const deviceNames = ["auto", "cpu", "webgpu", "tfjs"] as const;
/** What may be asked for; "auto" is a GPU where there is one, and the CPU else. */
export type DeviceName = (typeof deviceNames)[number];
