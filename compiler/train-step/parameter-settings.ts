/** What the groups of a train block make of one parameter. */
import { matchesPath } from "../lower/path-pattern.js";
import type { GroupSpec, TrainSpec } from "../lower/program.js";

export type ParameterSettings = {
  /** The learning rate before the schedule. */
  readonly lr: number;
  readonly decay: number;
  readonly frozen: boolean;
};

type Setting = GroupSpec["lr"];

const applied = (setting: Setting, base: number, before: number): number =>
  setting === null ? before : setting.kind === "absolute" ? setting.value : setting.value * base;

/**
 * Each setting comes from the last matching group that gives it; a factor is always of what the optimizer says.
 * A parameter is frozen if any of its groups freezes it.
 */
export function settingsOf({ optimizer, groups }: TrainSpec, path: string): ParameterSettings {
  return groups
    .filter((group) => group.patterns.some((pattern) => matchesPath(pattern, path)))
    .reduce<ParameterSettings>(
      (before, { lr, decay, freeze }) => ({
        lr: applied(lr, optimizer.lr, before.lr),
        decay: applied(decay, optimizer.decay, before.decay),
        frozen: before.frozen || freeze,
      }),
      { lr: optimizer.lr, decay: optimizer.decay, frozen: false },
    );
}
