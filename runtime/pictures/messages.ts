import { error } from "../../grammar/diagnostic.js";

/** Pictures that cannot be used: their sample is counted, named and left out. */
export const pictureMessages = {
  format: error("SIG6250")`${"origin"}: the picture is ${"found"}; PNG, JPEG and WebP are read.`.help`convert it, for example to PNG`,
  tooLarge: error("SIG6251")`${"origin"}: the picture has more than ${"limit"}.`
    .help`scale it down: the towers see a few hundred pixels a side`,
  damaged: error("SIG6252")`${"origin"}: the picture cannot be decoded: ${"reason"}.`.help`write it again, or leave it out`,
} as const;
