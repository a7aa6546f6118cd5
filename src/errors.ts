/** @file The error classes: few, each something a caller can act on, with a stable code. */

/** A place in a text file; line and column count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What every error of cortado that a user can cause derives from. */
export class CaffeError extends Error {
  /** A stable, machine-readable name such as `"prototxt-syntax"`. */
  readonly code: string;
  /** What is wrong: the message without the place that it begins with. */
  readonly problem: string;
  readonly location: Location | undefined;
  /** The offending source line with a caret under the column, if there is one. */
  readonly excerpt: string | undefined;

  constructor(
    code: string,
    message: string,
    options: {
      location?: Location | undefined;
      excerpt?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(
      oneLine(options.location ? `${formatLocation(options.location)}: ${message}` : message),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = new.target.name;
    this.code = code;
    this.problem = message;
    this.location = options.location;
    this.excerpt = options.excerpt;
  }
}

interface ErrorOptions {
  readonly location?: Location | undefined;
  readonly excerpt?: string | undefined;
  readonly cause?: unknown;
}

/** The text of a prototxt is not what the schema allows. */
export class PrototxtError extends CaffeError {
  constructor(message: string, options: ErrorOptions = {}) {
    super("prototxt", message, options);
  }
}

/** A net or a solver that parses but cannot be built or run. */
export class NetDefinitionError extends CaffeError {
  constructor(message: string, options: ErrorOptions = {}) {
    super("net-definition", message, options);
  }
}

/** A dataset, image, DICOM file or contour that cannot be read or written. */
export class DataSourceError extends CaffeError {
  constructor(message: string, options: ErrorOptions = {}) {
    super("data-source", message, options);
  }
}

/** A .caffemodel, .solverstate or .binaryproto that cannot be read, written or used. */
export class ModelFileError extends CaffeError {
  constructor(message: string, options: ErrorOptions = {}) {
    super("model-file", message, options);
  }
}

/** A user's own layer that does not load, throws, or breaks the layer contract. */
export class CustomLayerError extends CaffeError {
  constructor(message: string, options: ErrorOptions = {}) {
    super("custom-layer", message, options);
  }
}

/** A command line that asks for something that does not exist. */
export class UsageError extends CaffeError {
  constructor(message: string, options: ErrorOptions = {}) {
    super("usage", message, options);
  }
}

function formatLocation({ file, line, column }: Location): string {
  return `${file}:${line}:${column}`;
}

/** More than this is some file's content, not what is to be said of it. */
const MAX_LENGTH = 2000;
const SHOWN_AT_END = 500;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
const CONTROLS = /[\0-\x1f\x7f-\x9f\u2028\u2029]/g;

/** Names come out of files of strangers: with line breaks, terminal codes, or a megabyte long. */
function oneLine(message: string): string {
  const text = message.replace(CONTROLS, escaped);
  if (text.length <= MAX_LENGTH) return text;
  return `${text.slice(0, MAX_LENGTH - SHOWN_AT_END)} ... ${text.slice(-SHOWN_AT_END)}`;
}

function escaped(control: string): string {
  if (control === "\n") return "\\n";
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
