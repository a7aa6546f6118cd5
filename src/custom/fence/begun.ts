/** @file A number that both sides of the fence know. */

/** A layer's process begins no more files than this before it takes one: it must not fill the net's. */
export const MAX_BEGUN = 4;
