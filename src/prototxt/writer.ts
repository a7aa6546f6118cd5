/** @file Writes the text format as protobuf does: a field a line, two spaces a level. */

/** Collects lines; what is written parses back to the same fields. */
export class TextWriter {
  readonly #lines: string[] = [];
  #indent = "";

  /** @param value the spelling of a scalar, quoted if it is a string */
  scalar(name: string, value: string): void {
    this.#lines.push(`${this.#indent}${name}: ${value}\n`);
  }

  open(name: string): void {
    this.#lines.push(`${this.#indent}${name} {\n`);
    this.#indent += "  ";
  }

  close(): void {
    this.#indent = this.#indent.slice(2);
    this.#lines.push(`${this.#indent}}\n`);
  }

  toString(): string {
    return this.#lines.join("");
  }
}
