/** @file What the server and the pages say to each other; types only, so that both sides share them. */
import type { DeviceName } from "../device/names.ts";
import type { PlacedLayer, PlacedNet } from "../job/drawing/placed-types.ts";
import type { BestMetric, MetricRecord } from "../job/metric-values.ts";
import type { FormSettings as JobSettings, JobAugmentation } from "../job/form-settings.ts";

export type ShownStatus =
  | "initialized"
  | "waiting"
  | "running"
  | "done"
  | "aborted"
  | "interrupted"
  | "error";

/** A dataset or a model, as a line of the home page. */
export interface JobSummary {
  /** The name of its folder. */
  readonly id: string;
  /** What its user calls it; its id if absent. */
  readonly title?: string | undefined;
  readonly kind: "dataset" | "model";
  readonly status: ShownStatus;
  /** When it was asked for, ISO 8601. */
  readonly created: string;
  /** 0 to 1. */
  readonly progress: number;
  /** Seconds to go, where that can be told. */
  readonly eta?: number | undefined;
  /** Of a training: iterations done, and a second at present. */
  readonly iter?: number | undefined;
  readonly speed?: number | undefined;
  /** Of a job that waits: how many of its kind run or wait before it. */
  readonly ahead?: number | undefined;
  /** Why the status is "error" or "interrupted". */
  readonly error?: string | undefined;
  /** Of a model: the dataset it was made for. */
  readonly dataset?: string | undefined;
  readonly best?: BestMetric | undefined;
  /** Of a model: values of the most telling curve, few. */
  readonly spark?: readonly number[] | undefined;
  /** Of a dataset: records. */
  readonly train?: number | undefined;
  readonly val?: number | undefined;
  readonly shape?: readonly number[] | undefined;
}

/** All jobs, as the home page comes with them. */
export interface JobList {
  readonly jobs: readonly JobSummary[];
  /** What stands for them where events go on from here. */
  readonly last: string;
}

/** What happened to the list of jobs since an earlier event. */
export interface JobChanges {
  /** As they are now. */
  readonly jobs: readonly JobSummary[];
  /** Ids of those that are no more. */
  readonly gone: readonly string[];
}

/** Lines that a job's log grew by; or, with `isWhole`, all that is shown of it. */
export interface LogLines {
  readonly lines: readonly string[];
  readonly isWhole: boolean;
}

export interface Snapshot {
  readonly iter: number;
  readonly epoch: number;
  readonly bytes: number;
  readonly resumable: boolean;
}

export interface ModelDetail extends JobSummary {
  readonly kind: "model";
  readonly folder: string;
  readonly settings: JobSettings;
  readonly maxIter: number;
  readonly snapshots: readonly Snapshot[];
  /** Prototxts, custom layers and the log, to look at or download. */
  readonly files: readonly string[];
  readonly layerFiles: readonly string[];
  readonly history: readonly { readonly status: string; readonly time: string }[];
  readonly bytes: number;
  /** What it trains or trained on. */
  readonly device?: string | undefined;
  readonly notes: string;
}

/** What a user says of a job. */
export interface JobAbout {
  readonly title: string;
  readonly notes: string;
}

/** How busy a training keeps the machine. */
export interface Gauges {
  /** Of one core, 1 is all of it; absent before the second look, or where the system does not tell. */
  readonly cores?: number | undefined;
  readonly coreCount: number;
  /** Bytes that the training has resident, and of the machine. */
  readonly memory: number;
  readonly memoryFree: number;
  readonly memoryTotal: number;
  /** Absent where there is no GPU that tells. */
  readonly gpu?:
    | {
        readonly use: number;
        readonly memory: number;
        readonly memoryTotal: number;
        readonly celsius: number;
      }
    | undefined;
}

export interface DatasetDetail extends JobSummary {
  readonly kind: "dataset";
  readonly folder: string;
  readonly source: string;
  readonly classNames: readonly string[];
  /** Share of each class among the training pixels, 0 to 1. */
  readonly classShares: readonly number[];
  readonly labelShape?: readonly number[] | undefined;
  readonly leftOut: readonly { readonly id: string; readonly reason: string }[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hasMean: boolean;
  readonly bytes: number;
  /** Models that were trained on it. */
  readonly usedBy: readonly string[];
  readonly notes: string;
  /** Fills the form again. */
  readonly form: DatasetForm | undefined;
}

export type DatasetKind = "phantom" | "sunnybrook" | "images";

/** The dataset forms; a path is absolute and lies in an allowed folder. */
export interface DatasetForm {
  readonly kind: DatasetKind;
  readonly name: string;
  readonly images?: string;
  readonly contours?: string;
  readonly labels?: string;
  readonly channels?: "none" | "L" | "RGB";
  readonly encoding?: "none" | "png";
  readonly labelEncoding?: "none" | "png";
  /** Folders of images that validate, in place of a share. */
  readonly valImages?: string;
  readonly valLabels?: string;
  /** Files with a class name a line, and with "red green blue" a line. */
  readonly classLabels?: string;
  readonly colormap?: string;
  /** Gray values of the classes, "0,255". */
  readonly labelValues?: string;
  /** "256x256". */
  readonly resize?: string;
  readonly groupRegex?: string;
  readonly valPercent?: number;
  readonly split?: "slice" | "patient";
  readonly seed?: number;
  readonly patients?: number;
}

/** A file that is given to a form: one that was uploaded, or one that a job has. */
export type FileRef =
  | { readonly upload: string; readonly name: string }
  | { readonly job: string; readonly file: string }
  | { readonly path: string };

export interface ModelForm {
  readonly name: string;
  readonly dataset: string;
  readonly network: string;
  readonly layers: readonly FileRef[];
  readonly weights: readonly FileRef[];
  readonly epochs: number;
  readonly snapshotInterval: number;
  readonly valInterval: number;
  /** Several make one model each. */
  readonly learningRates: readonly number[];
  readonly batchSizes: readonly number[];
  readonly valBatchSize?: number;
  readonly iterSize?: number;
  readonly solverType: JobSettings["solverType"];
  readonly rmsDecay?: number;
  readonly policy: JobSettings["policy"];
  readonly mean: JobSettings["mean"];
  readonly cropSize?: number;
  readonly augmentation?: JobAugmentation;
  readonly seed?: number;
  readonly device?: DeviceName;
}

/** What the first training batch of a model is drawn from. */
export type PreviewForm = Pick<ModelForm, "dataset" | "network" | "augmentation" | "seed"> & {
  readonly cropSize?: number;
};

export interface RecordInfo {
  readonly index: number;
  readonly title: string;
}

export interface RecordPage {
  readonly total: number;
  readonly records: readonly RecordInfo[];
}

/** What is wrong with a network text; line and column count from 1. */
export interface Problem {
  readonly message: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export interface CheckedLayer {
  readonly name: string;
  readonly type: string;
  /** Shapes are there where the net could be built. */
  readonly tops: readonly {
    readonly name: string;
    readonly shape?: readonly number[] | undefined;
  }[];
  readonly parameters: number;
  /** Which of train, val and deploy it is part of. */
  readonly states: readonly string[];
  /** Where it stands in the text; absent for the data layers that a job adds. */
  readonly line?: number | undefined;
}

/** What a layer in the graph is, and where it comes from. */
interface DrawnAbout {
  readonly name: string;
  readonly type: string;
  readonly states: readonly string[];
  readonly line?: number;
  /** Whether it is the one that cannot be built. */
  readonly isWrong: boolean;
}

export type DrawnLayer = PlacedLayer<DrawnAbout>;
export type DrawnNet = PlacedNet<DrawnAbout>;

/** What of the form decides whether a network can be trained. */
export type CheckForm = Pick<ModelForm, "network" | "layers" | "weights"> & {
  readonly dataset?: string;
  readonly batchSizes?: readonly number[];
  readonly valBatchSize?: number;
  readonly cropSize?: number;
  readonly mean?: JobSettings["mean"];
};

export interface CheckResult {
  readonly problem?: Problem | undefined;
  readonly layers: readonly CheckedLayer[];
  readonly parameters: number;
  /** Bytes that training needs. */
  readonly bytes: number;
  readonly notes: readonly string[];
  /** Modules and classes of custom layers that the text asks for, and those of them without a file. */
  readonly customLayers: readonly string[];
  readonly missingLayers: readonly string[];
  readonly graph?: DrawnNet | undefined;
}

export interface FolderList {
  readonly path: string;
  readonly parent: string | undefined;
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

export interface NetworkTemplate {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

export interface StudioInfo {
  readonly version: string;
  readonly jobs: string;
  readonly roots: readonly string[];
  /** Whether custom layers run unfenced. */
  readonly trustedLayers: boolean;
}

/** A refusal: a message a field, "" for the whole form. */
export interface ErrorReply {
  readonly errors: Readonly<Record<string, readonly string[]>>;
}

export type { BestMetric, JobAugmentation, JobSettings, MetricRecord };
