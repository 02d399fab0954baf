/*
 * Vectors of L lanes, in the vector extensions that GCC and Clang share.
 *
 * SIG_VECTOR_BYTES (16, 32, 64) is the machine's register; SIG_ELEMENT_BYTES (4, 8) is the element that the program
 * computes in. L is their quotient, and every type has L lanes: one type fills a register exactly, others may be
 * half or two of them. Those are right but not fast.
 *
 * These headers include none of each other. Their order: vector, convert, access, math_integer, math_f64, math_f32.
 */
#ifndef SIG_VECTOR_H
#define SIG_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#if !defined(SIG_VECTOR_BYTES) || !defined(SIG_ELEMENT_BYTES)
#error "SIG_VECTOR_BYTES and SIG_ELEMENT_BYTES must be defined"
#endif

/*
 * Everything is inlined, and no vector wider than a register may be passed by value to what is not: GCC 12 lays it on a
 * stack that is not aligned for it. GCC warns of calling conventions all the same: -Wno-psabi.
 */
#define SIG_INLINE static inline __attribute__((always_inline))
#define SIG_INFINITY __builtin_inff()
#define SIG_NAN __builtin_nanf("")
#define SIG_LANES (SIG_VECTOR_BYTES / SIG_ELEMENT_BYTES)
#define SIG_VECTOR_OF(type) type __attribute__((vector_size(SIG_LANES * sizeof(type))))

typedef SIG_VECTOR_OF(float) f32v;
typedef SIG_VECTOR_OF(double) f64v;
typedef SIG_VECTOR_OF(int32_t) i32v;
typedef SIG_VECTOR_OF(uint32_t) u32v;
typedef SIG_VECTOR_OF(int64_t) i64v;
typedef SIG_VECTOR_OF(uint64_t) u64v;
typedef SIG_VECTOR_OF(uint16_t) u16v;
typedef SIG_VECTOR_OF(int8_t) i8v;
typedef SIG_VECTOR_OF(uint8_t) u8v;

/*
 * A mask is 0 or -1 in each lane, as comparisons make it: i32v for lanes of 32 bits, i64v for f64. A bool value is an
 * i32v mask.
 *
 * The bit operations below become blends (v2, v3) and masked moves (v4).
 */
#define SIG_DEFINE_SELECT(name, vector, mask)                                                                         \
  SIG_INLINE vector select_##name(mask where, vector yes, vector no) {                                                \
    return (vector)((where & (mask)yes) | (~where & (mask)no));                                                       \
  }
SIG_DEFINE_SELECT(f32, f32v, i32v)
SIG_DEFINE_SELECT(i32, i32v, i32v)
SIG_DEFINE_SELECT(u32, u32v, i32v)
SIG_DEFINE_SELECT(f64, f64v, i64v)
SIG_DEFINE_SELECT(i64, i64v, i64v)

/* x - 0 is x for every x, -0 and NaN included; 0 + x is not. */
SIG_INLINE f32v splat_f32(float x) { return x - (f32v){0}; }
SIG_INLINE f64v splat_f64(double x) { return x - (f64v){0}; }
SIG_INLINE i32v splat_i32(int32_t x) { return x - (i32v){0}; }
SIG_INLINE u32v splat_u32(uint32_t x) { return x - (u32v){0}; }
SIG_INLINE i64v splat_i64(int64_t x) { return x - (i64v){0}; }
SIG_INLINE i32v splat_bool(int x) { return splat_i32(-(x != 0)); }

SIG_INLINE i32v narrow_mask(i64v mask) { return __builtin_convertvector(mask, i32v); }
SIG_INLINE i64v widen_mask(i32v mask) { return __builtin_convertvector(mask, i64v); }

/* 0, 1, ... L - 1 */
SIG_INLINE i32v lane_iota(void) {
  static const int32_t lanes[16] __attribute__((aligned(64))) = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  i32v out;
  __builtin_memcpy(&out, lanes, sizeof out);
  return out;
}

/* The first n lanes. Any n: below 0 is none, from L on all. */
SIG_INLINE i32v first_lanes(ptrdiff_t n) { return (i32v)(lane_iota() < (int32_t)(n < 0 ? 0 : n > SIG_LANES ? SIG_LANES : n)); }

/* A bit for each lane that is set. */
SIG_INLINE uint32_t lane_bits(i32v mask) {
#if SIG_LANES == 16 && defined(__AVX512DQ__)
  return (uint16_t)__builtin_ia32_cvtd2mask512(mask);
#elif SIG_LANES == 8 && defined(__AVX__)
  return (uint8_t)__builtin_ia32_movmskps256((f32v)mask);
#elif SIG_LANES == 4 && defined(__SSE__)
  return (uint8_t)__builtin_ia32_movmskps((f32v)mask);
#else
  uint32_t bits = 0;
  for (int l = 0; l < SIG_LANES; l++) bits |= (uint32_t)(mask[l] & 1) << l;
  return bits;
#endif
}
SIG_INLINE int any_lane(i32v mask) { return lane_bits(mask) != 0; }

#endif
