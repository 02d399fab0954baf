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
 * A word is an element of the program's own size, so that L words fill a register. Where the machine has masked moves
 * the first n take one instruction, which no masked word can make fault. It is asked for by name: of a loop with a
 * condition GCC 12 makes masked moves too, but some of them as vextractf64x4 under a mask, which faults.
 */
#if SIG_ELEMENT_BYTES == 4
typedef float sig_word;
typedef f32v sig_words;
#else
typedef double sig_word;
typedef f64v sig_words;
#endif

#if defined(__AVX512F__) && SIG_VECTOR_BYTES == 64
SIG_INLINE sig_words load_first_words(const sig_word *p, ptrdiff_t n, sig_words fill) {
#if SIG_ELEMENT_BYTES == 4
  return __builtin_ia32_loadups512_mask(p, fill, (uint16_t)((1u << n) - 1));
#else
  return __builtin_ia32_loadupd512_mask(p, fill, (uint8_t)((1u << n) - 1));
#endif
}
SIG_INLINE void store_first_words(sig_word *p, ptrdiff_t n, sig_words v) {
#if SIG_ELEMENT_BYTES == 4
  __builtin_ia32_storeups512_mask(p, v, (uint16_t)((1u << n) - 1));
#else
  __builtin_ia32_storeupd512_mask(p, v, (uint8_t)((1u << n) - 1));
#endif
}

#elif defined(__AVX__) && SIG_VECTOR_BYTES == 32
/* Where n is known to be half a register, or all of it, so is the move: AMD's cores take dozens of cycles for a masked store. */
typedef sig_word sig_half_words __attribute__((vector_size(16)));
typedef sig_half_words sig_half_in_memory __attribute__((aligned(sizeof(sig_word)), may_alias));
typedef union { sig_words whole; sig_half_words half; } sig_halves;
#define SIG_IS_HALF(n) (__builtin_constant_p(n) && (n) == SIG_LANES / 2)

typedef sig_words sig_words_in_memory __attribute__((aligned(sizeof(sig_word)), may_alias));
#define SIG_IS_ALL(n) (__builtin_constant_p(n) && (n) == SIG_LANES)

SIG_INLINE sig_words load_first_words(const sig_word *p, ptrdiff_t n, sig_words fill) {
  if (SIG_IS_ALL(n)) return *(const sig_words_in_memory *)p;
  if (SIG_IS_HALF(n)) {
    sig_halves halves = {fill};
    halves.half = *(const sig_half_in_memory *)p;
    return halves.whole;
  }
#if SIG_ELEMENT_BYTES == 4
  return select_f32(first_lanes(n), __builtin_ia32_maskloadps256((const f32v *)p, first_lanes(n)), fill);
#else
  const i64v mask = widen_mask(first_lanes(n));
  return select_f64(mask, __builtin_ia32_maskloadpd256((const f64v *)p, (SIG_VECTOR_OF(long long))mask), fill);
#endif
}
SIG_INLINE void store_first_words(sig_word *p, ptrdiff_t n, sig_words v) {
  if (SIG_IS_ALL(n)) {
    *(sig_words_in_memory *)p = v;
    return;
  }
  if (SIG_IS_HALF(n)) {
    *(sig_half_in_memory *)p = ((sig_halves){v}).half;
    return;
  }
#if SIG_ELEMENT_BYTES == 4
  __builtin_ia32_maskstoreps256((f32v *)p, first_lanes(n), v);
#else
  __builtin_ia32_maskstorepd256((f64v *)p, (SIG_VECTOR_OF(long long))widen_mask(first_lanes(n)), v);
#endif
}

#else
SIG_INLINE sig_words load_first_words(const sig_word *p, ptrdiff_t n, sig_words fill) {
  for (int l = 0; l < SIG_LANES; l++)
    if (l < n) __builtin_memcpy((sig_word *)&fill + l, p + l, sizeof *p);
  return fill;
}
SIG_INLINE void store_first_words(sig_word *p, ptrdiff_t n, sig_words v) {
  for (int l = 0; l < SIG_LANES; l++)
    if (l < n) __builtin_memcpy(p + l, (sig_word *)&v + l, sizeof *p);
}
#endif

#define SIG_DEFINE_FIRST_WORDS(name, element, vector)                                                                  \
  SIG_INLINE vector load_first_##name(const element *p, ptrdiff_t n, vector fill) {                                    \
    return (vector)load_first_words((const sig_word *)p, n, (sig_words)fill);                                          \
  }                                                                                                                    \
  SIG_INLINE void store_first_##name(element *p, ptrdiff_t n, vector v) { store_first_words((sig_word *)p, n, (sig_words)v); }

#define SIG_DEFINE_FIRST_OTHERS(name, element, vector)                                                                 \
  SIG_INLINE vector load_first_##name(const element *p, ptrdiff_t n, vector fill) {                                    \
    return load_strided_first_##name(p, 1, n, fill);                                                                   \
  }                                                                                                                    \
  SIG_INLINE void store_first_##name(element *p, ptrdiff_t n, vector v) { store_strided_first_##name(p, 1, n, v); }

/* `raw`: the vector as it lies in memory. `unpack` and `pack` are between it and `vector`. */
#define SIG_DEFINE_ACCESS(name, element, raw, vector, unpack, pack)                                                    \
  typedef raw name##_in_memory __attribute__((aligned(sizeof(element)), may_alias));                                   \
  SIG_INLINE vector load_##name(const element *p) { return unpack(*(const name##_in_memory *)p); }                     \
  SIG_INLINE void store_##name(element *p, vector v) { *(name##_in_memory *)p = pack(v); }                             \
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

#if SIG_ELEMENT_BYTES == 4
SIG_DEFINE_FIRST_WORDS(f32, float, f32v)
SIG_DEFINE_FIRST_WORDS(i32, int32_t, i32v)
SIG_DEFINE_FIRST_WORDS(u32, uint32_t, u32v)
SIG_DEFINE_FIRST_OTHERS(f64, double, f64v)
#else
SIG_DEFINE_FIRST_OTHERS(f32, float, f32v)
SIG_DEFINE_FIRST_OTHERS(i32, int32_t, i32v)
SIG_DEFINE_FIRST_OTHERS(u32, uint32_t, u32v)
SIG_DEFINE_FIRST_WORDS(f64, double, f64v)
#endif
SIG_DEFINE_FIRST_OTHERS(bool, uint8_t, i32v)
SIG_DEFINE_FIRST_OTHERS(f16, uint16_t, f32v)
SIG_DEFINE_FIRST_OTHERS(bf16, uint16_t, f32v)

#endif
