import { error } from "../../grammar/diagnostic.js";

/** Parameters of another library that do not fit a program. Each names the tensor, the parameter and the fix. */
export const convertMessages = {
  noSuchPart: error("SIG6060")`${"format"} has no part "${"part"}" to name.`.help`its parts are: ${"known"}`,
  noParameter: error("SIG6061")`${"pipeline"} has no parameter "${"path"}", which is "${"peer"}" in ${"format"}.`.help`it has: ${"known"}`
    .help`a tower of another name is given with --part, for example --part image=vision`
    .help`the comments in std/vision.sig and std/text.sig say which settings are whose`,
  noCounterpart: error("SIG6062")`${"format"} has nothing for the parameter "${"path"}" of ${"pipeline"} (${"place"}).`
    .help`change the program: the comments in std/vision.sig and std/text.sig say which settings are whose`,
  noLayout: error("SIG6063")`"${"path"}" is ${"declared"} (${"place"}), which cannot be "${"peer"}" of ${"format"}.`
    .help`patches are square, and each takes patch * patch * channels numbers of pictures with ${"channels"} channels`,
  depth: error("SIG6064")`${"file"}: has ${"found"} layers "${"peer"}", and ${"pipeline"} has ${"wanted"} in "${"ours"}".`
    .help`set the depth of the tower to ${"found"}`,
  missing: error("SIG6065")`${"file"}: holds no tensor "${"key"}", which ${"meant"} needs.`.help`it holds: ${"keys"}`,
  leftOver: error("SIG6066")`${"file"}: its tensor "${"key"}" is no part of ${"meant"}.`
    .help`remove it, or choose another format or program`,
  shape: error("SIG6067")`${"file"}: "${"key"}" is [${"found"}]; [${"wanted"}] fits ${"path"}: ${"declared"} (${"place"}).`
    .help`give the program the sizes of the file, with --set where they are configs`,
  dtype: error("SIG6068")`${"file"}: "${"key"}" holds ${"dtype"}, and parameters are floats.`.help`convert it to f32 first`,
  mixed: error("SIG6069")`${"file"}: "${"key"}" and its neighbours make up one "${"peer"}", and are not of one dtype.`
    .help`store all parameters in one dtype`,
} as const;
