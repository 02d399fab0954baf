/*
 * From one element type to another, lane by lane. Floats to integers go towards 0 and saturate, NaN to 0; integers to
 * one another keep their bits; integers to floats, f64 to f32 and f32 to f16 or bf16 round to nearest, ties to even.
 * f16 and bf16 exist in memory alone: their lanes are u16v there and f32v here.
 */
#ifndef SIG_CONVERT_H
#define SIG_CONVERT_H

SIG_INLINE f64v f32_to_f64(f32v x) { return __builtin_convertvector(x, f64v); }
SIG_INLINE f32v f64_to_f32(f64v x) { return __builtin_convertvector(x, f32v); }
SIG_INLINE f32v i32_to_f32(i32v x) { return __builtin_convertvector(x, f32v); }
SIG_INLINE f64v i32_to_f64(i32v x) { return __builtin_convertvector(x, f64v); }

/* The two halves are exact, so that their sum is rounded once. Unsigned conversions need AVX-512. */
SIG_INLINE f32v u32_to_f32(u32v x) { return i32_to_f32((i32v)(x >> 16)) * 0x1p16f + i32_to_f32((i32v)(x & 0xffffu)); }
SIG_INLINE f64v u32_to_f64(u32v x) { return i32_to_f64((i32v)(x ^ 0x80000000u)) + 0x1p31; }

SIG_INLINE i32v f32_to_i32(f32v x) {
  /* Conversions out of range are undefined, so they get a lane that is not. 0x1.fffffep30 is the largest below 2^31. */
  i32v high = x >= 0x1p31f;
  i32v inside = (x >= -0x1p31f) & ~high;
  i32v low = x < -0x1p31f;
  i32v whole = __builtin_convertvector((f32v)((i32v)x & inside), i32v);
  return whole | (high & INT32_MAX) | (low & INT32_MIN);
}

SIG_INLINE u32v f32_to_u32(f32v x) {
  i32v high = x >= 0x1p32f;
  i32v upper = (x >= 0x1p31f) & ~high;
  i32v inside = (x > 0.0f) & ~high;
  f32v below = (f32v)((i32v)(x - (f32v)(upper & (i32v)splat_f32(0x1p31f))) & inside);
  return ((u32v)__builtin_convertvector(below, i32v) | ((u32v)upper & 0x80000000u)) | (u32v)high;
}

SIG_INLINE i32v f64_to_i32(f64v x) {
  f64v low = select_f64((i64v)(x < -0x1p31), splat_f64(-0x1p31), x);
  f64v both = select_f64((i64v)(low > 0x1.fffffffcp30), splat_f64(0x1.fffffffcp30), low);
  return __builtin_convertvector((f64v)((i64v)both & (i64v)(x == x)), i32v);
}

SIG_INLINE u32v f64_to_u32(f64v x) {
  i64v upper = (i64v)(x >= 0x1p31);
  f64v below = x - (f64v)(upper & (i64v)splat_f64(0x1p31));
  f64v inside = (f64v)((i64v)below & (i64v)(x > 0.0));
  return (u32v)f64_to_i32(inside) | ((u32v)narrow_mask(upper) & 0x80000000u) | (u32v)narrow_mask((i64v)(x >= 0x1p32));
}

SIG_INLINE f32v bool_to_f32(i32v x) { return (f32v)(x & (i32v)splat_f32(1.0f)); }
SIG_INLINE f64v bool_to_f64(i32v x) { return (f64v)(widen_mask(x) & (i64v)splat_f64(1.0)); }
SIG_INLINE i32v bool_to_i32(i32v x) { return -x; }
SIG_INLINE u32v bool_to_u32(i32v x) { return (u32v)-x; }
/* NaN is not 0. */
SIG_INLINE i32v f32_to_bool(f32v x) { return (i32v)(x != 0.0f); }
SIG_INLINE i32v f64_to_bool(f64v x) { return narrow_mask((i64v)(x != 0.0)); }
SIG_INLINE i32v i32_to_bool(i32v x) { return (i32v)(x != 0); }
SIG_INLINE i32v u32_to_bool(u32v x) { return (i32v)(x != 0); }

SIG_INLINE f32v bf16_to_f32(u16v x) { return (f32v)(__builtin_convertvector(x, u32v) << 16); }

SIG_INLINE u16v f32_to_bf16(f32v x) {
  u32v bits = (u32v)x;
  u32v rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  u32v nan = (bits >> 16) | 0x40u; /* quiet: the payload may lie in the bits that go */
  return __builtin_convertvector(select_u32((i32v)(x != x), nan, rounded), u16v);
}

SIG_INLINE f32v f16_to_f32(u16v x) {
  u32v bits = __builtin_convertvector(x, u32v);
  u32v sign = (bits & 0x8000u) << 16;
  /* Moved into place the exponent is 112 too small, of subnormals too: one exact product repairs both. */
  f32v magnitude = (f32v)((bits & 0x7fffu) << 13) * 0x1p112f;
  u32v special = (u32v)(i32v)((bits & 0x7c00u) == 0x7c00u) & 0x7f800000u;
  return (f32v)((u32v)magnitude | special | sign);
}

SIG_INLINE u16v f32_to_f16(f32v x) {
  u32v sign = (u32v)x & 0x80000000u;
  u32v bits = (u32v)x ^ sign;
  f32v magnitude = (f32v)bits;
  /* Below 2^-14 the last place is 2^-24: adding 2^-1, whose last place that is, rounds there. */
  u32v small = (u32v)(magnitude + 0.5f) - 0x3f000000u;
  u32v normal = (bits - (112u << 23) + 0xfffu + ((bits >> 13) & 1u)) >> 13;
  u32v out = select_u32((i32v)(bits < (113u << 23)), small, normal);
  out = select_u32((i32v)(bits >= 0x477ff000u), splat_u32(0x7c00u), out); /* 65520 is the first to round to infinity */
  out = select_u32((i32v)(x != x), ((bits >> 13) & 0x3ffu) | 0x7e00u, out);
  return __builtin_convertvector(out | (sign >> 16), u16v);
}

#endif
