// How many wrong answers stand before the best right one, both ways: what recall@k, ranks and accuracy are made of.
// Two sweeps over the pairs, and nothing n*m is stored. An answer is right if it bears the id of the query; a wrong one with
// the same score goes first, so that a collapsed model scores nothing. Rows that are not sound score as NaN would: last where
// right, first where wrong.

pipeline ranks {
  batch n, m
  config width: int = 768

  input image: f32[n, width]
  input text: f32[m, width]
  input image_id: i32[n]
  input text_id: i32[m]
  input image_sound: bool[n]
  input text_sound: bool[m]

  score[i, j] = dot(image[i], text[j])
  sound[i, j] = image_sound[i] and text_sound[j]
  right[i, j] = image_id[i] == text_id[j]
  found[i, j] = where(right[i, j] and sound[i, j], score[i, j], -inf)

  best_text[i] = max[j](found[i, j])
  best_image[j] = max[i](found[i, j])
  text_ahead[i, j] = not (right[i, j] or (sound[i, j] and score[i, j] < best_text[i]))
  image_ahead[i, j] = not (right[i, j] or (sound[i, j] and score[i, j] < best_image[j]))
  texts_before[i] = sum[j](int(where(text_ahead[i, j], 1, 0)))
  images_before[j] = sum[i](int(where(image_ahead[i, j], 1, 0)))
  output texts_before, images_before
}
