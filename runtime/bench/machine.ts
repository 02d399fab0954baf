/** What a number was measured on: without it the number means nothing. */
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
};

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? process.arch,
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  // What builders and hosts append to a release names them, not the machine.
  system: `${type()} ${/^\d+(\.\d+)?/.exec(release())?.[0] ?? ""} ${process.arch}`,
  node: process.versions.node,
});
