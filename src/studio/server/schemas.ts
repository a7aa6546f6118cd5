/** @file JSON schemas that several routes check with. */
/** Job ids are names of folders: letters, digits, and `.`, `_`, `-` after the first. */
export const ID_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$";

export const id = { type: "string", pattern: ID_PATTERN } as const;

export const idParams = {
  type: "object",
  properties: { id },
  required: ["id"],
} as const;

export const path = { type: "string", minLength: 1, maxLength: 4096 } as const;

const strict = (properties: Record<string, unknown>) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

export const fileRefs = {
  type: "array",
  maxItems: 16,
  items: {
    oneOf: [
      strict({
        upload: { type: "string", maxLength: 64 },
        name: { type: "string", maxLength: 100 },
      }),
      strict({ job: id, file: { type: "string", maxLength: 255 } }),
      strict({ path }),
    ],
  },
} as const;

export const networkText = { type: "string", maxLength: 2_000_000 } as const;
