/** @file Writes synthetic patients in the folders and formats of the challenge: DICOM series and contour files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRandom } from "../../../core/random.ts";
import { UsageError } from "../../../errors.ts";
import { checkInterrupted } from "../../dataset/interrupt.ts";
import { writeFolder } from "../../dataset/output-folder.ts";
import { encodeMrImage, type MrImage } from "../../dicom/write.ts";
import { paddedCaseName } from "../cases.ts";
import { acquire } from "./acquire.ts";
import { type Case, nameCases } from "./cohort.ts";
import { type Outline, traceContour } from "./outline.ts";
import { drawPatient, type Patient } from "./patient.ts";
import { paintSlices } from "./scene.ts";

export interface PhantomOptions {
  /** The folder to make; it gets the two folders of the challenge's archives. */
  readonly out: string;
  readonly patients?: number;
  /** Slices from base to apex. */
  readonly slices?: number;
  /** Images of each slice over a beat; the last is end diastole, that at 40 % end systole. */
  readonly phases?: number;
  /** Width and height in pixels. */
  readonly size?: number;
  readonly seed?: number;
  /** Standard deviation of the noise as a share of the signal of blood. */
  readonly noise?: number;
  /** Replaces `out` if it exists. */
  readonly force?: boolean;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PhantomSummary {
  /** The folders to give to the Sunnybrook plug-in. */
  readonly imageFolder: string;
  readonly contourFolder: string;
  readonly patients: number;
  readonly images: number;
  /** Images with a contour of the left ventricle's cavity. */
  readonly contours: number;
}

export const PHANTOM_DEFAULTS = {
  patients: 12,
  slices: 8,
  phases: 2,
  size: 256,
  seed: 1,
  noise: 0.015,
};

const IMAGES = "challenge_training";
const CONTOURS = "Sunnybrook Cardiac MR Database ContoursPart3";
/** End systole comes about 40 % into the beat. */
const SYSTOLE = 0.4;
const SLICE_DISTANCE_MM = 8;

type Settings = typeof PHANTOM_DEFAULTS;

/** Instance numbers have four digits. */
const LIMITS: Readonly<Record<keyof Settings, readonly [number, number]>> = {
  patients: [1, 1000],
  slices: [1, 30],
  phases: [1, 60],
  size: [64, 1024],
  seed: [0, 2 ** 31 - 1],
  noise: [0, 1],
};

/** Below this number lie the UIDs of phantoms (2.25 is the root of UUID-derived UIDs). */
const UID_BASE = 309157724406541329830000000000000n;

/** Marks a folder that may be replaced, and says how it was made. */
const MARKER = "phantom.json";

/**
 * Writes a synthetic study; the same seed gives the same files.
 *
 * @throws DataSourceError when an option is out of range, or `out` exists and `force` is not given.
 */
export async function writePhantom(options: PhantomOptions): Promise<PhantomSummary> {
  const settings = checkSettings(options);
  const cases = nameCases(settings.patients);
  const perPatient = settings.slices * settings.phases;
  const contours = await writeFolder(
    options.out,
    MARKER,
    options.force === true,
    async (folder) => {
      let written = 0;
      for (const [index, subject] of cases.entries()) {
        const report = (images: number) =>
          options.onProgress?.(index * perPatient + images, cases.length * perPatient);
        written += await writeCase(folder, subject, index, settings, report, options.signal);
      }
      await writeFile(
        join(folder, MARKER),
        `${JSON.stringify({ phantom: 1, ...settings }, null, 2)}\n`,
      );
      return written;
    },
  );
  return {
    imageFolder: join(options.out, IMAGES),
    contourFolder: join(options.out, CONTOURS),
    patients: cases.length,
    images: cases.length * perPatient,
    contours,
  };
}

/** @returns how many images have a contour of the cavity */
async function writeCase(
  folder: string,
  subject: Case,
  index: number,
  settings: Settings,
  report: (images: number) => void,
  signal: AbortSignal | undefined,
): Promise<number> {
  // Each patient has a seed of its own, so that more patients do not change the first ones.
  const random = createRandom(settings.seed * 1009 + index);
  const patient = drawPatient(subject.group, random);
  const experts = join(paddedCaseName(subject.name), "contours-manual", "IRCCI-expert");
  const contourFolder = join(folder, CONTOURS, "TrainingDataContours", experts);
  const imageFolder = join(folder, IMAGES, subject.name);
  await mkdir(contourFolder, { recursive: true });
  await mkdir(imageFolder, { recursive: true });
  const beat = beatOf(settings.phases);
  let contours = 0;
  for (let slice = 0; slice < settings.slices; slice++) {
    checkInterrupted(signal);
    const depth = settings.slices === 1 ? 0.4 : slice / (settings.slices - 1);
    const shots = paintSlices(patient, depth, beat.contractions, settings.size);
    for (const [phase, shot] of shots.entries()) {
      const instance = slice * settings.phases + phase + 1;
      const number = String(instance).padStart(4, "0");
      const values = acquire(shot, patient, settings.noise, random);
      const place = { index, slice, phase, instance };
      const file = encodeMrImage(describeImage(subject, patient, settings, place, values));
      await writeFile(join(imageFolder, `IM-${subject.series}-${number}.dcm`), file);
      const stem = join(contourFolder, `IM-0001-${number}`);
      if (phase === beat.diastole || phase === beat.systole) {
        await writeFile(`${stem}-icontour-manual.txt`, contourText(shot.cavity));
        contours++;
      }
      // The experts drew the outer border at end diastole only.
      if (phase === beat.diastole) {
        await writeFile(`${stem}-ocontour-manual.txt`, contourText(shot.epicardium));
      }
      report(instance);
    }
  }
  return contours;
}

interface Beat {
  /** How far the heart has contracted in each phase, from 0 to 1. */
  readonly contractions: readonly number[];
  readonly diastole: number;
  readonly systole: number | undefined;
}

/** A beat that relaxes more slowly than it contracts, sampled at equal intervals; the last phase is end diastole. */
function beatOf(phases: number): Beat {
  const contractions = Array.from({ length: phases }, (_, phase) => {
    const time = (phase + 1) / phases;
    const turn = time < SYSTOLE ? time / SYSTOLE : (1 - time) / (1 - SYSTOLE);
    return phases === 2 ? 1 - phase : (1 - Math.cos(Math.PI * turn)) / 2;
  });
  const systole = contractions.indexOf(Math.max(...contractions));
  return { contractions, diastole: phases - 1, systole: phases > 1 ? systole : undefined };
}

interface Place {
  readonly index: number;
  readonly slice: number;
  readonly phase: number;
  readonly instance: number;
}

function describeImage(
  subject: Case,
  patient: Patient,
  settings: Settings,
  { index, slice, phase, instance }: Place,
  values: Int16Array,
): MrImage {
  const { size, seed, phases } = settings;
  const studyUid = `2.25.${UID_BASE + BigInt(seed) * 100000n + BigInt(index)}`;
  const beatMs = 60000 / patient.heartRate;
  return {
    rows: size,
    columns: size,
    values,
    patientId: subject.name,
    studyUid,
    seriesUid: `${studyUid}.${Number(subject.series)}`,
    instanceUid: `${studyUid}.${Number(subject.series)}.${instance}`,
    seriesNumber: Number(subject.series),
    instanceNumber: instance,
    pixelSpacingMm: (patient.pixelSpacingMm * 256) / size,
    sliceThicknessMm: SLICE_DISTANCE_MM,
    sliceLocationMm: -slice * SLICE_DISTANCE_MM,
    triggerTimeMs: (beatMs * (phase + 1)) / phases,
    beatMs,
    manufacturer: "cortado phantom",
  };
}

function contourText(shape: Outline): string {
  const lines = traceContour(shape).map(({ x, y }) => `${x.toFixed(2)} ${y.toFixed(2)}\n`);
  return lines.join("");
}

function checkSettings(options: PhantomOptions): Settings {
  const settings = { ...PHANTOM_DEFAULTS };
  for (const name of Object.keys(LIMITS) as (keyof Settings)[]) {
    const value = options[name] ?? settings[name];
    const [least, most] = LIMITS[name];
    const isWhole = name === "noise" || Number.isInteger(value);
    if (!(value >= least && value <= most) || !isWhole) {
      const kind = name === "noise" ? "a number" : "a whole number";
      throw new UsageError(`--${name} is ${value}; expected ${kind} from ${least} to ${most}`);
    }
    settings[name] = value;
  }
  return settings;
}
