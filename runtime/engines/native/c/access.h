/*
 * Loads and stores of L elements, for each stored element type E of f32, f64, i32, u32, bool, f16, bf16:
 *
 *   load_E(p)                                store_E(p, v)                             L in a row
 *   load_first_E(p, n, fill)                 store_first_E(p, n, v)                    n in a row, 0 <= n <= L
 *   load_strided_E(p, stride)                store_strided_E(p, stride, v)             p[l * stride]
 *   load_strided_first_E(p, stride, n, fill) store_strided_first_E(p, stride, n, v)
 *
 * Nothing outside the elements named is touched. p needs the alignment of its element and no more. Strides count
 * elements; 0 and negative ones are allowed. `fill` is a vector as `load` gives it. A stored bool is a byte, 0 or 1.
 */
#ifndef SIG_ACCESS_H
#define SIG_ACCESS_H

/*
 * `raw`: the vector as it lies in memory. `unpack` and `pack` are between it and `vector`. The loops of load_first and
 * store_first are in the form that compilers turn into one masked move, where the machine has it.
 */
#define SIG_DEFINE_ACCESS(name, element, raw, vector, unpack, pack)                                                    \
  typedef raw name##_in_memory __attribute__((aligned(sizeof(element)), may_alias));                                   \
  SIG_INLINE vector load_##name(const element *p) { return unpack(*(const name##_in_memory *)p); }                     \
  SIG_INLINE void store_##name(element *p, vector v) { *(name##_in_memory *)p = pack(v); }                             \
  SIG_INLINE vector load_first_##name(const element *p, ptrdiff_t n, vector fill) {                                    \
    raw filled = pack(fill), out;                                                                                      \
    const int32_t count = (int32_t)n;                                                                                  \
    for (int32_t l = 0; l < SIG_LANES; l++) out[l] = l < count ? p[l] : filled[l];                                     \
    return unpack(out);                                                                                                \
  }                                                                                                                    \
  SIG_INLINE void store_first_##name(element *p, ptrdiff_t n, vector v) {                                              \
    raw packed = pack(v);                                                                                              \
    const int32_t count = (int32_t)n;                                                                                  \
    for (int32_t l = 0; l < SIG_LANES; l++)                                                                            \
      if (l < count) p[l] = packed[l];                                                                                 \
  }                                                                                                                    \
  SIG_INLINE vector load_strided_##name(const element *p, ptrdiff_t stride) {                                          \
    raw out;                                                                                                           \
    for (int l = 0; l < SIG_LANES; l++) out[l] = p[l * stride];                                                        \
    return unpack(out);                                                                                                \
  }                                                                                                                    \
  SIG_INLINE void store_strided_##name(element *p, ptrdiff_t stride, vector v) {                                       \
    raw packed = pack(v);                                                                                              \
    for (int l = 0; l < SIG_LANES; l++) p[l * stride] = packed[l];                                                     \
  }                                                                                                                    \
  SIG_INLINE vector load_strided_first_##name(const element *p, ptrdiff_t stride, ptrdiff_t n, vector fill) {          \
    raw out = pack(fill);                                                                                              \
    _Pragma("GCC unroll 1") for (ptrdiff_t l = 0; l < n; l++) out[l] = p[l * stride];                                  \
    return unpack(out);                                                                                                \
  }                                                                                                                    \
  SIG_INLINE void store_strided_first_##name(element *p, ptrdiff_t stride, ptrdiff_t n, vector v) {                    \
    raw packed = pack(v);                                                                                              \
    _Pragma("GCC unroll 1") for (ptrdiff_t l = 0; l < n; l++) p[l * stride] = packed[l];                               \
  }

#define SIG_AS_IT_IS(v) (v)
SIG_INLINE i32v bool_from_bytes(u8v bytes) { return (i32v)(__builtin_convertvector(bytes, i32v) != 0); }
SIG_INLINE u8v bool_to_bytes(i32v mask) { return __builtin_convertvector(mask, u8v) & 1; }

SIG_DEFINE_ACCESS(f32, float, f32v, f32v, SIG_AS_IT_IS, SIG_AS_IT_IS)
SIG_DEFINE_ACCESS(f64, double, f64v, f64v, SIG_AS_IT_IS, SIG_AS_IT_IS)
SIG_DEFINE_ACCESS(i32, int32_t, i32v, i32v, SIG_AS_IT_IS, SIG_AS_IT_IS)
SIG_DEFINE_ACCESS(u32, uint32_t, u32v, u32v, SIG_AS_IT_IS, SIG_AS_IT_IS)
SIG_DEFINE_ACCESS(bool, uint8_t, u8v, i32v, bool_from_bytes, bool_to_bytes)
SIG_DEFINE_ACCESS(f16, uint16_t, u16v, f32v, f16_to_f32, f32_to_f16)
SIG_DEFINE_ACCESS(bf16, uint16_t, u16v, f32v, bf16_to_f32, f32_to_bf16)

#endif
