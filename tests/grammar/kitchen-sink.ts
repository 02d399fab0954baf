import { readFileSync } from "node:fs";

/** A program with everything the grammar can say. */
export const kitchenSink = readFileSync(new URL("./kitchen-sink.sig", import.meta.url), "utf8");

/** Its comments, strings, words, signs and spaces, in order; together they are the text. */
export const pieces: readonly string[] = kitchenSink.match(/\/\*[^]*?\*\/|\/\/.*|"[^"\n]*"|[\w.]+%?|\s+|\*\*|[=!<>]=|->|[^\w\s]/g) ?? [];
