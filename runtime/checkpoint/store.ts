import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DOCUMENT } from "./format.js";

/**
 * A run's folder: `step-000100/`, `step-000200/`, … and `latest`, a line with the name of one of them.
 * A step folder appears by one rename and is complete from then on. What is on its way in or out has a dotted name.
 */
export type StepFolder = {
  readonly name: string;
  readonly step: number;
  /** A step saved again after a crash gets a new folder, so that nothing good is ever replaced. */
  readonly attempt: number;
};

export const LATEST = "latest";
const STEP = /^step-(\d{6,15})(?:\.(\d{1,6}))?$/;
const UNFINISHED = /^\.(?:(?:saving|removing)-.*|latest)\.(\d{1,10})\.[0-9a-f]{12}(?:\.tmp)?$/;

export const unfinishedName = (root: string, what: "saving" | "removing", name: string): string =>
  join(root, `.${what}-${name}.${process.pid}.${randomBytes(6).toString("hex")}`);

const stepName = (step: number, attempt: number): string => `step-${String(step).padStart(6, "0")}${attempt === 0 ? "" : `.${attempt}`}`;

function parseStepName(name: string): StepFolder | null {
  const [, step, attempt = "0"] = STEP.exec(name) ?? [];
  return step === undefined ? null : { name, step: Number(step), attempt: Number(attempt) };
}

const inOrder = (a: StepFolder, b: StepFolder): number => a.step - b.step || a.attempt - b.attempt;

/** Complete checkpoints, oldest step first. */
export function stepFolders(root: string): readonly StepFolder[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .map(parseStepName)
    .filter((folder) => folder !== null && existsSync(join(root, folder.name, DOCUMENT)))
    .filter((folder) => folder !== null)
    .sort(inOrder);
}

/** A name that is free for this step. */
export function freshStepName(root: string, step: number): string {
  for (let attempt = 0; ; attempt++) {
    const name = stepName(step, attempt);
    if (!existsSync(join(root, name))) return name;
  }
}

/** The checkpoint to go on from: what `latest` names, or the highest step where that is missing. */
export function latestCheckpoint(root: string): string | null {
  const folders = stepFolders(root);
  const pointer = join(root, LATEST);
  // Only a name of our own form, found in the folder itself, is followed.
  const named = existsSync(pointer) ? readFileSync(pointer, "utf8").trim() : null;
  const chosen = folders.find(({ name }) => name === named) ?? folders.at(-1);
  return chosen === undefined ? null : join(root, chosen.name);
}

/** Removes what processes that are gone have left unfinished. */
export function removeUnfinished(root: string): void {
  for (const name of readdirSync(root)) {
    const pid = UNFINISHED.exec(name)?.[1];
    if (pid === undefined || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue;
    rmSync(join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Keeps the newest `keep` steps up to `current` and removes those before; later steps belong to another run and stay. */
export function prune(root: string, current: string, keep: number): void {
  const now = parseStepName(current);
  if (now === null) throw new Error(`not a step folder: ${current}`);
  const upToNow = stepFolders(root).filter((folder) => inOrder(folder, now) <= 0);
  const newestOfStep = upToNow.filter((folder, i) => upToNow[i + 1]?.step !== folder.step);
  const kept = new Set(newestOfStep.slice(-Math.max(keep, 1)));
  for (const { name } of upToNow.filter((folder) => !kept.has(folder))) {
    // Renamed first: a step folder half removed must not look complete.
    const aside = unfinishedName(root, "removing", name);
    renameSync(join(root, name), aside);
    rmSync(aside, { recursive: true, force: true });
  }
}
