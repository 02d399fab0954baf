/** Standard normal values, the same in every run: drawn by name. */
import { normal } from "../../compiler/kernel/philox.js";
import { siteOf } from "../../runtime/feed/random-site.js";

export function normals(name: string, shape: readonly number[]): { readonly shape: readonly number[]; readonly data: Float64Array } {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float64Array.from({ length: count }, (_, k) => normal({ seed: 0, step: 0, site: siteOf(name) }, k)) };
}
