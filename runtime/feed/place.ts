import type { Span } from "../../grammar/span.js";

/** Where a declaration stands, for a message: `siglip.sig:12`. */
export type PlaceOf = (span: Span) => string;
