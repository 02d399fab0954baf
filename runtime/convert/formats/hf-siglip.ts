/** `SiglipModel` of Hugging Face transformers, as `save_pretrained` writes it. SigLIP 2 of fixed size is the same. */
import { entry, type Format, linear, norm, stacked } from "../format.js";
import { block, buffers } from "./hf-block.js";

export const hfSiglip: Format = {
  parts: { image: "img", text: "txt", scale: "t_prime", bias: "bias" },
  entries: [
    entry("vision_model.embeddings.patch_embedding.weight", "patches", "{image}.embed.weight"),
    entry("vision_model.embeddings.patch_embedding.bias", "same", "{image}.embed.bias"),
    entry("vision_model.embeddings.position_embedding.weight", "same", "{image}.pos"),
    ...block("vision_model.encoder.layers.*", "{image}.blocks.*"),
    ...norm("vision_model.post_layernorm", "{image}.norm"),
    entry("vision_model.head.probe", "led", "{image}.head.probe"),
    ...stacked("vision_model.head.attention.in_proj", "_", "{image}.head.q", "{image}.head.k", "{image}.head.v"),
    ...linear("vision_model.head.attention.out_proj", "{image}.head.out"),
    ...norm("vision_model.head.layernorm", "{image}.head.norm"),
    ...linear("vision_model.head.mlp.fc1", "{image}.head.mlp.up"),
    ...linear("vision_model.head.mlp.fc2", "{image}.head.mlp.down"),
    entry("text_model.embeddings.token_embedding.weight", "same", "{text}.embed.table"),
    entry("text_model.embeddings.position_embedding.weight", "same", "{text}.pos"),
    ...block("text_model.encoder.layers.*", "{text}.blocks.*"),
    ...norm("text_model.final_layer_norm", "{text}.norm"),
    ...linear("text_model.head", "{text}.head"),
    entry("logit_scale", "led", "{scale}"),
    entry("logit_bias", "led", "{bias}"),
  ],
  buffers,
};
