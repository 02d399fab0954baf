// The image tower of train_step.sig alone, as one embeds pictures. Not normalised: of rows of length 1 every norm is the same,
// and by norms a peer is held to what we compute.
import { projection } from "std/layers.sig"
import { vit } from "std/vision.sig"

pipeline image_tower {
  batch n
  config width: int = 192
  input image: f32[n, 32, 32, 3]
  encoder img = vit(width, depth: 6, heads: 3, patch: 4, pool: "map")
  encoder img_head = projection(width, width)
  output z = img_head(img(image))
}
