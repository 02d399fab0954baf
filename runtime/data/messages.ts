import { error } from "../../grammar/diagnostic.js";

/** Mistakes in data files and in the flags that name them. Each says the file, the cause and the fix. */
export const dataMessages = {
  cannotOpen: error("SIG6001")`${"file"}: cannot be opened: ${"reason"}.`.help`check the path and the permissions`,
  notRegular: error("SIG6002")`${"file"}: is not a regular file.`
    .help`sizes are checked before anything is read, so pipes and devices cannot be used: write the data to a file first`,
  changedWhileRead: error(
    "SIG6003",
  )`${"file"}: ended at byte ${"at"} while ${"wanted"} bytes were expected: it was cut short after it had been opened.`
    .help`do not write to a data file that is in use`,
  tooLarge: error("SIG6004")`${"what"} needs ${"bytes"} bytes, which this process cannot allocate.`
    .help`keep it in a .safetensors or C-order .npy file and read it by rows, or free memory`,
  cannotWrite: error("SIG6005")`${"file"}: cannot be written: ${"reason"}.`
    .help`check the path, the permissions and the space left on the disk`,
  integerRange: error("SIG6006")`${"file"}: element ${"index"} (from 0, in file order) is ${"value"}, which does not fit in i32.`
    .help`indices and labels are i32: renumber them below 2^31, or store floats`,

  npyMagic: error("SIG6010")`${"file"}: is not a .npy file: it does not start with \\x93NUMPY.`.help`write it with numpy.save`,
  npyVersion: error("SIG6011")`${"file"}: has .npy format version ${"version"}; versions 1.0, 2.0 and 3.0 are read.`
    .help`write it again with numpy.save`,
  npyHeader: error("SIG6012")`${"file"}: its .npy header is malformed at byte ${"at"}: ${"reason"}.`.help`write it again with numpy.save`,
  npyTruncated: error("SIG6013")`${"file"}: is truncated: its header promises ${"wanted"} bytes of data, and ${"found"} follow.`
    .help`copy or write the file again`,
  npyTrailing: error("SIG6014")`${"file"}: ${"extra"} bytes follow the array that its header describes.`
    .help`a .npy file holds one array: use .safetensors for several`,
  npyDtype: error("SIG6015")`${"file"}: elements of type ${"descr"} (${"kind"}) cannot be read.`
    .help`convert first, for example numpy.save(path, x.astype("float32"))`,
  npyFortran: error("SIG6016")`${"file"}: is in Fortran order and too large (${"bytes"} bytes) to be transposed in memory.`
    .help`write it in C order: numpy.save(path, numpy.ascontiguousarray(x))`,

  safetensorsHeader: error("SIG6020")`${"file"}: its safetensors header is wrong: ${"reason"}.`
    .help`write it again with safetensors.save_file`,
  safetensorsTensor: error("SIG6021")`${"file"}: tensor "${"key"}": ${"reason"}.`.help`write it again with safetensors.save_file`,
  safetensorsDtype: error("SIG6022")`${"file"}: tensor "${"key"}" has dtype ${"dtype"}, which Sig does not read.`
    .help`convert it to one of ${"known"}`,
  safetensorsKey: error("SIG6023")`${"file"}: holds no tensor "${"key"}".`.help`it holds: ${"keys"}`,
  safetensorsIndex: error("SIG6024")`${"file"}: is no index of safetensors files: ${"reason"}.`
    .help`save the model again with save_pretrained, or give the .safetensors file itself`,

  columnFlag: error("SIG6030")`"${"flag"}" does not name a column.`.help`write NAME=FILE.npy or NAME=FILE.safetensors#KEY`,
  columnExtension: error("SIG6031")`${"file"}: has neither of the endings .npy and .safetensors.`
    .help`write NAME=FILE.npy or NAME=FILE.safetensors#KEY`,
  columnKeyMissing: error("SIG6032")`${"file"}: which tensor of it is meant?`.help`write ${"file"}#KEY; it holds: ${"keys"}`,
  columnScalar: error("SIG6033")`column "${"name"}" is a scalar and has no rows.`
    .help`a column is an array whose first axis counts the examples`,
  columnRows: error("SIG6034")`columns differ in their number of rows: "${"first"}" has ${"firstRows"}, "${"second"}" has ${"secondRows"}.`
    .help`every column needs one row per example`,
  batchTooLarge: error("SIG6035")`a batch of ${"batch"} does not fit in ${"rows"} rows.`.help`lower the batch size, or give more data`,
  nonFinite: error("SIG6036")`column "${"name"}" holds ${"value"} at index [${"index"}].`.help`remove or replace it before training`,
} as const;
