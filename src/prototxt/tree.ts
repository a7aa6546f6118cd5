/** @file The tree of a text: fields and values with their offsets, as the grammar builds it. */
import type { Token } from "moo";
import type { Span } from "./source.ts";

/** A field's name; `[foo.bar]` is an extension named `foo.bar`. */
export interface NameNode extends Span {
  readonly name: string;
  readonly isExtension: boolean;
}

/** `name: value` or `name { ... }`; the span is the name's. */
export interface FieldNode extends NameNode {
  readonly hasColon: boolean;
  readonly value: ValueNode;
}

/** A word such as `MAX` or a number such as `0x10`, with or without a minus sign before it. */
export interface AtomNode extends Span {
  readonly kind: "word" | "number";
  /** Without the sign. */
  readonly text: string;
  readonly textStart: number;
  readonly negative: boolean;
}

/** One string literal or several in a row, which are one string. */
export interface TextNode extends Span {
  readonly kind: "text";
  readonly parts: readonly LiteralNode[];
}

/** A string literal with its quotes. */
export interface LiteralNode extends Span {
  readonly raw: string;
}

export interface MessageNode extends Span {
  readonly kind: "message";
  readonly fields: readonly FieldNode[];
}

export interface ListNode extends Span {
  readonly kind: "list";
  readonly items: readonly ItemNode[];
}

export type ItemNode = AtomNode | TextNode | MessageNode;
export type ValueNode = ItemNode | ListNode;

/**
 * A list as the grammar collects it: the newest item and a link to those before it. The parser may
 * finish one list at several places, so a shared array would not do.
 */
export interface Chain<T> {
  readonly before?: Chain<T> | undefined;
  readonly item: T;
}

export function itemsOf<T>(chain: Chain<T> | undefined): T[] {
  const items: T[] = [];
  for (let link = chain; link; link = link.before) items.push(link.item);
  return items.reverse();
}

const endOf = (token: Token): number => token.offset + token.text.length;

/** What the grammar calls when a rule is complete. */
export const build = {
  name(word: Token): NameNode {
    return { name: word.text, isExtension: false, start: word.offset, end: endOf(word) };
  },

  extensionName(open: Token, words: Chain<Token>, close: Token): NameNode {
    const name = itemsOf(words)
      .map((word) => word.text)
      .join(".");
    return { name, isExtension: true, start: open.offset, end: endOf(close) };
  },

  field(name: NameNode, hasColon: boolean, value: ValueNode): FieldNode {
    const { start, end, isExtension } = name;
    return { name: name.name, start, end, isExtension, hasColon, value };
  },

  atom(kind: AtomNode["kind"], token: Token, minus?: Token): AtomNode {
    return {
      kind,
      text: token.text,
      textStart: token.offset,
      negative: minus !== undefined,
      start: minus ? minus.offset : token.offset,
      end: endOf(token),
    };
  },

  text(chain: Chain<Token>): TextNode {
    const parts = itemsOf(chain).map((token) => ({
      raw: token.text,
      start: token.offset,
      end: endOf(token),
    }));
    return { kind: "text", parts, start: parts[0]!.start, end: parts.at(-1)!.end };
  },

  message(open: Token, fields: Chain<FieldNode> | undefined, close: Token): MessageNode {
    return { kind: "message", fields: itemsOf(fields), start: open.offset, end: endOf(close) };
  },

  list(open: Token, items: Chain<ItemNode> | undefined, close: Token): ListNode {
    return { kind: "list", items: itemsOf(items), start: open.offset, end: endOf(close) };
  },
};
