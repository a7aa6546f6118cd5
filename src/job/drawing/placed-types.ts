/** @file A net laid out to be drawn, for those who lay it out and for pages that draw it; types only. */

/** A line of a card's body, and what it is. */
export interface CardLine {
  readonly text: string;
  readonly role: "type" | "detail" | "parameters" | "shape" | "reads";
}

/** `About` says which layer it is: its prototxt message, or what a page shows of it. */
export type PlacedRow<About> = About & {
  readonly text: string;
  /** The colour of its kind. */
  readonly color: string;
};

/** A card; places and sizes in pixels. */
export type PlacedLayer<About> = About & {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly head: string;
  /** The colour of its kind. */
  readonly color: string;
  readonly lines: readonly CardLine[];
  /** Layers that work in place on the card's top. */
  readonly rows: readonly PlacedRow<About>[];
};

export interface PlacedNet<About> {
  readonly width: number;
  readonly height: number;
  /** Heights of a card's head, of a line and of a row, and what is left free beside texts; pixels. */
  readonly metrics: {
    readonly head: number;
    readonly line: number;
    readonly row: number;
    readonly padding: number;
  };
  readonly layers: readonly PlacedLayer<About>[];
  readonly wires: readonly { readonly blob: string; readonly path: string }[];
}
