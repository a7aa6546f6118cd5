/** @file Caffe's messages: their types, defaults and old forms, as text and as bytes. */
export type * from "./generated/messages.ts";
