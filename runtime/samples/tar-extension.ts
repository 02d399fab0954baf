import { decodeUtf8 } from "./tar-header.js";

/** What a pax header ("x") says about the member after it, as far as it matters here. */
export type PaxFields = {
  readonly path: string | null;
  readonly size: number | null;
  /** The member is stored without its holes (GNU), so that its bytes are not its content. */
  readonly sparse: boolean;
};

const SPACE = 0x20;
const NEWLINE = 0x0a;

/** Records `LENGTH KEY=VALUE\n`, where the length counts the whole record. Null where the content is anything else. */
export function readPax(content: Uint8Array): PaxFields | null {
  let path: string | null = null;
  let size: number | null = null;
  let sparse = false;
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(SPACE, at);
    const digits = space < 0 ? "" : String.fromCharCode(...content.subarray(at, Math.min(space, at + 8)));
    const end = at + (/^[1-9]\d*$/.test(digits) ? Number(digits) : 0);
    if (end <= space || end > content.length || content[end - 1] !== NEWLINE) return null;
    const record = decodeUtf8(content.subarray(space + 1, end - 1));
    const [, key, value = ""] = /^([^=]+)=(.*)$/s.exec(record ?? "") ?? [];
    if (record === null || key === undefined) return null;
    if (key === "path") path = value;
    if (key === "size") {
      size = /^\d{1,16}$/.test(value) ? Number(value) : null;
      if (size === null || !Number.isSafeInteger(size)) return null;
    }
    if (key.startsWith("GNU.sparse.")) sparse = true;
    at = end;
  }
  return { path, size, sparse };
}
