import type { Format } from "./format.js";
import { hfClip } from "./formats/hf-clip.js";
import { hfSiglip } from "./formats/hf-siglip.js";
import { openClipSiglip } from "./formats/open-clip-siglip.js";

export const formats = {
  "hf-siglip": hfSiglip,
  "hf-clip": hfClip,
  "open_clip-siglip": openClipSiglip,
} as const satisfies Record<string, Format>;
export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as readonly FormatName[];
