/** `CLIPModel` of Hugging Face transformers, as `save_pretrained` writes it. */
import { entry, type Format, norm } from "../format.js";
import { block, buffers } from "./hf-block.js";

export const hfClip: Format = {
  parts: { image: "img", projection: "img_head", text: "txt", scale: "t_prime" },
  entries: [
    entry("vision_model.embeddings.class_embedding", "same", "{image}.first.token"),
    entry("vision_model.embeddings.patch_embedding.weight", "patches", "{image}.embed.weight"),
    entry("vision_model.embeddings.position_embedding.weight", "same", "{image}.pos"),
    // Its own spelling.
    ...norm("vision_model.pre_layrnorm", "{image}.pre"),
    ...block("vision_model.encoder.layers.*", "{image}.blocks.*"),
    ...norm("vision_model.post_layernorm", "{image}.norm"),
    entry("visual_projection.weight", "linear", "{projection}.weight"),
    entry("text_model.embeddings.token_embedding.weight", "same", "{text}.embed.table"),
    entry("text_model.embeddings.position_embedding.weight", "same", "{text}.pos"),
    ...block("text_model.encoder.layers.*", "{text}.blocks.*"),
    ...norm("text_model.final_layer_norm", "{text}.norm"),
    entry("text_projection.weight", "linear", "{text}.head.weight"),
    entry("logit_scale", "same", "{scale}"),
  ],
  buffers,
};
