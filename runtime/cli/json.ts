/** Additions keep the version; a change of meaning raises it. */
export const formatVersion = 1;

/** JSON has no NaN and no infinity; they travel as these strings. */
export type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

export const jsonNumber = (value: number): JsonNumber =>
  Number.isFinite(value) ? value : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";

/** One document for a person or a program to read. */
export const jsonDocument = (fields: object): string => `${JSON.stringify({ formatVersion, ...fields }, null, 2)}\n`;

/** One line of a stream. */
export const jsonLine = (fields: object): string => `${JSON.stringify({ formatVersion, ...fields })}\n`;
