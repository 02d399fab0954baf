/** What `CLIPModel` and `SiglipModel` of Hugging Face transformers have in common. */
import { type Entry, linear, norm } from "../format.js";

/** A block of either tower. */
export const block = (peer: string, ours: string): readonly Entry[] => [
  ...norm(`${peer}.layer_norm1`, `${ours}.ln1`),
  ...linear(`${peer}.self_attn.q_proj`, `${ours}.attn.q`),
  ...linear(`${peer}.self_attn.k_proj`, `${ours}.attn.k`),
  ...linear(`${peer}.self_attn.v_proj`, `${ours}.attn.v`),
  ...linear(`${peer}.self_attn.out_proj`, `${ours}.attn.out`),
  ...norm(`${peer}.layer_norm2`, `${ours}.ln2`),
  ...linear(`${peer}.mlp.fc1`, `${ours}.mlp.up`),
  ...linear(`${peer}.mlp.fc2`, `${ours}.mlp.down`),
];

/** Places of the tokens and patches, which some versions save. */
export const buffers = ["vision_model.embeddings.position_ids", "text_model.embeddings.position_ids"];
