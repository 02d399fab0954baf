/** Arrays in and out of TensorFlow.js. */
import { convert, type HostArray, hostArray } from "../../data/host-array.js";
import type { DType } from "../../../compiler/graph/type.js";
import { userError } from "../../user-error.js";
import { messages } from "./messages.js";
import { storedType, type Tensor, type TensorFlow } from "./tensorflow.js";

export type Port = { readonly input: string; readonly dtype: DType; readonly shape: readonly number[] };

export function upload(tf: TensorFlow, engine: string, { input, dtype, shape }: Port, array: HostArray): Tensor {
  if (array.shape.length !== shape.length || array.shape.some((extent, axis) => extent !== shape[axis]))
    throw new Error(`input ${input} is [${array.shape.join(", ")}], not [${shape.join(", ")}]`);
  const stored = storedType[dtype];
  if (stored === "bool") return tf.tensor(convert(array, "bool").data, [...shape], stored);
  if (stored === "float32") return tf.tensor((array.dtype === "f32" ? array : convert(array, "f32")).data, [...shape], stored);
  const large = array.dtype === "u32" ? array.data.find((value) => value > 2147483647) : undefined;
  if (large !== undefined) throw userError(messages.indexTooLarge, { input, value: large, engine });
  return tf.tensor((array.dtype === "i32" ? array : convert(array, "i32")).data, [...shape], stored);
}

/** Waits for the device. */
export async function download(tensor: Tensor, dtype: DType): Promise<HostArray> {
  const data = await tensor.data<"float32">();
  const { shape } = tensor;
  const stored = storedType[dtype];
  if (stored === "bool") return hostArray("bool", shape, Uint8Array.from(data));
  if (stored === "int32") {
    const integers = hostArray("i32", shape, Int32Array.from(data));
    return dtype === "i32" ? integers : convert(integers, dtype);
  }
  // The cpu backend keeps an integer array under a float32 tensor that was cast from one.
  const floats = hostArray("f32", shape, data instanceof Float32Array ? data : Float32Array.from(data));
  return dtype === "f32" ? floats : convert(floats, dtype);
}
