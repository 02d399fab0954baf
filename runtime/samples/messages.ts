import { error } from "../../grammar/diagnostic.js";

/** Shards and manifests that cannot be opened at all: the run ends. */
export const sourceMessages = {
  unknownKind: error("SIG6201")`${"file"}: is neither a .tar shard nor a .jsonl manifest.`
    .help`give .tar files, .jsonl files, or a folder that holds files of one of these kinds`,
  compressed: error("SIG6202")`${"file"}: is compressed, and a sample in its middle cannot be reached.`
    .help`decompress it first, for example gunzip ${"file"}: pictures are compressed already and little is lost`,
  mixedFolder: error("SIG6203")`${"folder"}: holds .tar shards and .jsonl manifests, which may be the same samples twice.`
    .help`name those that are meant, for example ${"example"}`,
  emptyFolder: error("SIG6204")`${"folder"}: holds no .tar and no .jsonl file.`.help`check the path; folders inside it are not searched`,
  noSamples: error("SIG6205")`no sample in ${"files"}.`
    .help`in a shard, a sample is the neighbouring files whose names are alike up to the first dot: 0001.jpg, 0001.txt`
    .help`in a manifest, every line is a sample`,
  notTar: error("SIG6206")`${"file"}: is not a tar file: ${"reason"}.`.help`write it with tar, or with webdataset's TarWriter`,
  badRange: error("SIG6207")`"${"pattern"}": ${"reason"}.`.help`a range of shards is written name-{000..012}.tar`,
  tooMany: error("SIG6208")`${"what"} has more than ${"limit"} ${"things"}.`.help`split it into more shards of fewer samples`,
  changed: error("SIG6209")`${"file"}: had ${"before"} bytes when its samples were counted, and has ${"now"}.`
    .help`do not write to a data file that is in use`,
} as const;

/** Samples that cannot be used: each is counted, named and left out. */
export const sampleMessages = {
  badMember: error("SIG6210")`${"origin"}: "${"member"}" ${"reason"}.`.help`a shard holds ordinary files under relative names`,
  keyTwice: error("SIG6211")`${"origin"}: the key was used before in this shard, by other files that are not its neighbours.`
    .help`keep the files of one sample together, and give every sample a key of its own`,
  cutOff: error("SIG6212")`${"origin"}: the shard is cut off at byte ${"at"}: ${"reason"}; ${"last"}.`
    .help`copy or write the shard again: samples after this place are lost`,
  damaged: error("SIG6213")`${"origin"}: the shard is damaged at byte ${"at"}: ${"reason"}; ${"last"}.`
    .help`copy or write the shard again: samples after this place are lost`,
  memberTooLarge: error("SIG6214")`${"origin"}: "${"member"}" has ${"bytes"} bytes; ${"limit"} are read at most.`
    .help`make it smaller, or leave it out`,
  tooManyMembers: error("SIG6215")`${"origin"}: has more than ${"limit"} files.`.help`a sample is a picture, its text and a few more`,
  notUtf8: error("SIG6216")`${"origin"}: "${"member"}" is not UTF-8 text.`.help`write text in UTF-8`,
  badJson: error("SIG6217")`${"origin"}: ${"what"} is not right: ${"reason"}.`.help`write one JSON document, without duplicate keys`,

  longLine: error("SIG6220")`${"origin"}: the line has ${"bytes"} bytes; ${"limit"} are read at most.`
    .help`keep pictures in files of their own and name them`,
  badLine: error("SIG6221")`${"origin"}: the line is not a sample: ${"reason"}.`
    .help`every line is one JSON object, for example {"key":"1f600","image":"1f600.png","text":"grinning face"}`,
  noFileName: error("SIG6222")`${"origin"}: "${"column"}" is ${"found"}, and the name of a file was expected.`
    .help`name the file as text, relative to the folder of the manifest`,
  leaves: error("SIG6223")`${"origin"}: "${"column"}" names "${"name"}", which ${"reason"}.`
    .help`files are named relative to the folder of the manifest, and lie in it`,
  cannotRead: error("SIG6224")`${"origin"}: "${"column"}" names "${"name"}", which cannot be read: ${"reason"}.`
    .help`check the name and the permissions; names are relative to the folder of the manifest`,
} as const;
