/** @file How custom layers of strangers are fenced in. */

/** Limits of the process in which a fenced layer runs. */
export interface FenceOptions {
  /** Wall-clock seconds that one call of a method may take; 60 if absent. */
  readonly seconds?: number | undefined;
  /** MiB that the layer's process may have resident, and that its tops and blobs may take; 1024 if absent. */
  readonly megabytes?: number | undefined;
  /** Folders whose files the layer may read; none if absent. */
  readonly read?: readonly string[] | undefined;
  /**
   * Whether bubblewrap holds the process: absent, where it is installed and works; true, or the layer
   * does not load; false, never.
   */
  readonly bubblewrap?: boolean | undefined;
}
