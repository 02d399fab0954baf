/** A .safetensors file that grows by rows: nobody knows how many there will be, and they need not fit in memory. */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { DType } from "../../compiler/graph/type.js";
import { makeFolders, reportingFailure, temporaryName, type Sink, writeAtomically, type Written } from "./atomic-write.js";
import { bytesOf, type HostArray } from "./host-array.js";
import { layOut } from "./safetensors.js";

type Part = {
  readonly path: string;
  readonly descriptor: number;
  readonly dtype: DType;
  readonly rowShape: readonly number[];
  rows: number;
};

const PIECE_BYTES = 1 << 20;

/** Rows go to files beside the target, one for each tensor; the target appears by one rename when all is there. */
export class RowFile {
  readonly #target: string;
  readonly #parts = new Map<string, Part>();

  constructor(target: string) {
    this.#target = target;
  }

  /** All pieces of a tensor have one type and one shape of a row. */
  append(name: string, array: HostArray): void {
    const { dtype, shape } = array;
    const [rows = 0, ...rowShape] = shape;
    reportingFailure(this.#target, () => {
      const part = this.#parts.get(name) ?? this.#begin(name, dtype, rowShape);
      if (part.dtype !== dtype || part.rowShape.join() !== rowShape.join()) throw new Error(`rows of ${name} change their type`);
      const bytes = bytesOf(array);
      for (let done = 0; done < bytes.length; ) done += writeSync(part.descriptor, bytes, done, bytes.length - done);
      part.rows += rows;
    });
  }

  #begin(name: string, dtype: DType, rowShape: readonly number[]): Part {
    makeFolders(dirname(this.#target));
    const path = temporaryName(this.#target);
    const part = { path, descriptor: openSync(path, "wx+"), dtype, rowShape, rows: 0 };
    this.#parts.set(name, part);
    return part;
  }

  finish(metadata: ReadonlyMap<string, string>): Written {
    const types = new Map([...this.#parts].map(([name, { dtype, rows, rowShape }]) => [name, { dtype, shape: [rows, ...rowShape] }]));
    const { header, order } = layOut(types, metadata);
    return writeAtomically(this.#target, (sink) => {
      sink(header);
      for (const name of order) copy(this.#parts.get(name), sink);
    });
  }

  /** Takes the pieces away; to be called in any case. */
  close(): void {
    for (const { path, descriptor } of this.#parts.values()) {
      closeSync(descriptor);
      rmSync(path, { force: true });
    }
    this.#parts.clear();
  }
}

function copy(part: Part | undefined, sink: Sink): void {
  if (part === undefined) throw new Error("a tensor without rows");
  const piece = new Uint8Array(PIECE_BYTES);
  for (let at = 0; ; ) {
    const count = readSync(part.descriptor, piece, 0, piece.length, at);
    if (count === 0) return;
    sink(piece.subarray(0, count));
    at += count;
  }
}
