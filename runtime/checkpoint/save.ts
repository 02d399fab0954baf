import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { makeFolders, reportingFailure, syncFolder, writeAtomically, writeDurably } from "../data/atomic-write.js";
import { produceSafetensors } from "../data/safetensors.js";
import {
  type Checkpoint,
  type CheckpointDocument,
  describeTensors,
  DOCUMENT,
  MOST_BROKEN,
  FORMAT_VERSION,
  type Group,
  type Grouped,
  groupNames,
  groups,
} from "./format.js";
import { freshStepName, LATEST, prune, removeUnfinished, unfinishedName } from "./store.js";

/**
 * Writes a checkpoint into a run's folder and returns its path. Killed at any moment, the folder still loads:
 * the new checkpoint appears by one rename after all of it is on the disk, and older ones go only after that.
 */
export function saveCheckpoint(root: string, checkpoint: Checkpoint, keep = 3): string {
  return reportingFailure(root, () => {
    makeFolders(root);
    removeUnfinished(root);
    const name = freshStepName(root, checkpoint.step);
    const aside = unfinishedName(root, "saving", name);
    mkdirSync(aside);
    writeContent(aside, checkpoint);
    renameSync(aside, join(root, name));
    syncFolder(root);
    writeAtomically(join(root, LATEST), (sink) => sink(Buffer.from(`${name}\n`)));
    prune(root, name, keep);
    return join(root, name);
  });
}

function writeContent(folder: string, checkpoint: Checkpoint): void {
  const { pipeline, program, step, position, fixed, broken } = checkpoint;
  const written = groupNames.filter((group) => !groups[group].optional || checkpoint[group].size > 0);
  const perGroup = <T>(make: (group: Group) => T): Partial<Grouped<T>> => Object.fromEntries(written.map((group) => [group, make(group)]));
  const document: CheckpointDocument = {
    formatVersion: FORMAT_VERSION,
    pipeline,
    program,
    step,
    position,
    fixed,
    broken: broken.slice(0, MOST_BROKEN),
    tensors: perGroup((group) => describeTensors(checkpoint[group])),
    files: perGroup((group) => writeDurably(join(folder, groups[group].file), produceSafetensors(checkpoint[group]))),
  };
  writeDurably(join(folder, DOCUMENT), (sink) => sink(Buffer.from(`${JSON.stringify(document, null, 2)}\n`)));
  syncFolder(folder);
}
