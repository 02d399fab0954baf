/*
 * Functions of f64 lanes, as math_f32.h has them of f32 lanes: the reasons are there. In brackets is what was measured
 * over 20 million random arguments (and without FMA).
 */
#ifndef SIG_MATH_F64_H
#define SIG_MATH_F64_H

#define SIG_SIGN_F64 0x8000000000000000u
#define SIG_LOG2_E_F64 0x1.71547652b82fep+0
#define SIG_LN2_HIGH_F64 0x1.62e42fefa4p-1 /* 38 bits */
#define SIG_LN2_LOW_F64 -0x1.8432a1b0e2634p-43
#define SIG_ROUND_F64 0x1.8p52

SIG_INLINE f64v abs_f64(f64v x) { return (f64v)((u64v)x & ~SIG_SIGN_F64); }
/* In bits, so that the compiler sees that |x| and |-x| are one. */
SIG_INLINE f64v neg_f64(f64v x) { return (f64v)((u64v)x ^ SIG_SIGN_F64); }
SIG_INLINE f64v with_sign_of_f64(f64v magnitude, f64v x) { return (f64v)(((u64v)magnitude & ~SIG_SIGN_F64) | ((u64v)x & SIG_SIGN_F64)); }

/* exp(r) for |r| <= log(2) / 2. */
SIG_INLINE f64v exp_reduced_f64(f64v r) {
  f64v q = r * 0x1.ad96f1b4e88e1p-26 + 0x1.28ae8b4a1c839p-22;
  q = q * r + 0x1.71df1757e1c4fp-19;
  q = q * r + 0x1.a01998d8a729ep-16;
  q = q * r + 0x1.a01a013046757p-13;
  q = q * r + 0x1.6c16c1849ec27p-10;
  q = q * r + 0x1.1111111126af8p-7;
  q = q * r + 0x1.5555555550648p-5;
  q = q * r + 0x1.55555555554fep-3;
  q = q * r + 0x1.000000000000ap-1;
  return (q * r + 1.0) * r + 1.0;
}

/* exp(x) for x <= 64 or NaN. */
SIG_INLINE f64v exp_small_f64(f64v x) {
  x = select_f64((i64v)(x < -746.0), splat_f64(-746.0), x);
  f64v shifted = x * SIG_LOG2_E_F64 + (SIG_ROUND_F64 + (1023 + 54));
  f64v n = shifted - (SIG_ROUND_F64 + (1023 + 54));
  f64v r = (x - n * SIG_LN2_HIGH_F64) - n * SIG_LN2_LOW_F64;
  return exp_reduced_f64(r) * (f64v)((u64v)shifted << 52) * 0x1p-54;
}

/* Bound 1 ulp, 1.25 without FMA [0.86, 1.13]. */
SIG_INLINE f64v exp_f64(f64v x) {
  x = select_f64((i64v)(x < -746.0), splat_f64(-746.0), x);
  x = select_f64((i64v)(x > 710.0), splat_f64(710.0), x);
  f64v shifted = x * SIG_LOG2_E_F64 + (SIG_ROUND_F64 + 2046);
  f64v n = shifted - (SIG_ROUND_F64 + 2046);
  f64v r = (x - n * SIG_LN2_HIGH_F64) - n * SIG_LN2_LOW_F64;
  u64v half = (u64v)shifted >> 1;
  return exp_reduced_f64(r) * (f64v)(half << 52) * (f64v)(((u64v)shifted - half) << 52);
}

/* Bound 2 ulp [1.81, 1.94]. */
SIG_INLINE f64v expm1_f64(f64v x) {
  f64v inside = select_f64((i64v)(x < -40.0), splat_f64(-40.0), x);
  inside = select_f64((i64v)(inside > 710.0), splat_f64(710.0), inside);
  f64v shifted = inside * SIG_LOG2_E_F64 + (SIG_ROUND_F64 + 1022);
  f64v n = shifted - (SIG_ROUND_F64 + 1022);
  f64v r = (inside - n * SIG_LN2_HIGH_F64) - n * SIG_LN2_LOW_F64;
  f64v half_power = (f64v)((u64v)shifted << 52);
  f64v q = r * 0x1.1f20ecf870359p-29 + 0x1.af5fb3e9e3492p-26;
  q = q * r + 0x1.27e50ee4451d0p-22;
  q = q * r + 0x1.71ddf7cfc9f97p-19;
  q = q * r + 0x1.a01a01901b1aep-16;
  q = q * r + 0x1.a01a01b016270p-13;
  q = q * r + 0x1.6c16c16c1a449p-10;
  q = q * r + 0x1.111111110f63ap-7;
  q = q * r + 0x1.555555555554ep-5;
  q = q * r + 0x1.5555555555559p-3;
  q = q * r + 0.5;
  f64v p = q * (r * r) + r;
  f64v half = p * half_power + (half_power - 0.5);
  return with_sign_of_f64(half + half, x);
}

/* log(1 + f) + n log(2) for sqrt(1/2) <= 1 + f <= sqrt(2): log((1 + s) / (1 - s)) with s = f / (2 + f). */
SIG_INLINE f64v log_reduced_f64(f64v f, f64v n) {
  f64v s = f / (2.0 + f);
  f64v z = s * s;
  f64v q = z * 0x1.2f0d67c814261p-3 + 0x1.39a0f404e4ebcp-3;
  q = q * z + 0x1.7466467293062p-3;
  q = q * z + 0x1.c71c51e51459ep-3;
  q = q * z + 0x1.249249421de06p-2;
  q = q * z + 0x1.999999997fa79p-2;
  q = q * z + 0x1.5555555555593p-1;
  f64v y = f - s * (f - q * z);
  return n * SIG_LN2_HIGH_F64 + (n * SIG_LN2_LOW_F64 + y);
}

#define SIG_SQRT_HALF_BITS_F64 0x3fe6a09e667f3bcdu

/* Positive normal x = 2^n m with sqrt(1/2) <= m < sqrt(2). n is biased by 1023: only AVX-512 shifts signed 64 bits. */
SIG_INLINE u64v biased_exponent_f64(f64v x) { return ((u64v)x + (0x3ff0000000000000u - SIG_SQRT_HALF_BITS_F64)) >> 52; }
SIG_INLINE f64v mantissa_f64(f64v x, u64v biased) { return (f64v)((u64v)x - (biased << 52) + 0x3ff0000000000000u); }
/* Small integers become the low bits of 2^52: only AVX-512 converts 64 bits. */
SIG_INLINE f64v unbiased_f64(u64v biased) { return (f64v)(biased + 0x4330000000000000u) - (0x1p52 + 1023); }

/* Bound 1.25 ulp, 1.5 without FMA [1.13, 1.30]. */
SIG_INLINE f64v log_f64(f64v x) {
  i64v subnormal = (i64v)(x < 0x1p-1022);
  f64v scaled = select_f64(subnormal, x * 0x1p54, x);
  u64v n = biased_exponent_f64(scaled);
  f64v f = mantissa_f64(scaled, n) - 1.0;
  f64v y = log_reduced_f64(f, unbiased_f64(n) - (f64v)(subnormal & (i64v)splat_f64(54.0)));
  y = select_f64((i64v)(x < SIG_INFINITY), y, x);
  y = select_f64((i64v)(x == 0.0), splat_f64(-SIG_INFINITY), y);
  return select_f64((i64v)(x < 0.0), splat_f64(SIG_NAN), y);
}

/* Bound 2 ulp [1.78, 1.88]. */
SIG_INLINE f64v log1p_f64(f64v x) {
  f64v u = 1.0 + x;
  u64v n = biased_exponent_f64(u);
  i64v big = (i64v)(x > 0x1p55);
  f64v power = (f64v)(0x7fe0000000000000u - (n << 52));
  f64v f = select_f64(big, mantissa_f64(u, n) - 1.0, x * power + (power - 1.0));
  f64v y = log_reduced_f64(f, unbiased_f64(n));
  y = select_f64((i64v)(x < SIG_INFINITY) & (i64v)(x != 0.0), y, x);
  y = select_f64((i64v)(x == -1.0), splat_f64(-SIG_INFINITY), y);
  return select_f64((i64v)(x < -1.0), splat_f64(SIG_NAN), y);
}

/* log(1 + e) for 0 <= e <= 1 or NaN. */
SIG_INLINE f64v log1p_of_unit_f64(f64v e) {
  i64v upper = (i64v)(e > 0x1.a827999fcef3p-2); /* sqrt(2) - 1: half of 1 + e is taken there */
  f64v f = select_f64(upper, 0.5 * e - 0.5, e);
  return log_reduced_f64(f, (f64v)(upper & (i64v)splat_f64(1.0)));
}

SIG_INLINE f64v exp_of_minus_abs_f64(f64v x) { return exp_small_f64((f64v)((u64v)x | SIG_SIGN_F64)); }

/* Bound 2 ulp [1.67, 1.80]. */
SIG_INLINE f64v sigmoid_f64(f64v x) {
  f64v e = exp_of_minus_abs_f64(x);
  f64v w = e / (1.0 + e);
  f64v base = select_f64((i64v)(x < 0.0), e, splat_f64(1.0));
  return base - base * w;
}

/* Bound 2.25 ulp [2.09, 2.02]. */
SIG_INLINE f64v softplus_f64(f64v x) {
  f64v positive = (f64v)((i64v)x & (i64v)(x > 0.0));
  return positive + log1p_of_unit_f64(exp_of_minus_abs_f64(x));
}

/* Bound 1.75 ulp [1.48, 1.50]. */
SIG_INLINE f64v tanh_f64(f64v x) {
  f64v z = x * x;
  f64v near = z * -0x1.4715197dd9219p-16 + 0x1.5d75cac5c5dbbp-14;
  near = near * z + -0x1.e9702e574182bp-13;
  near = near * z + 0x1.3483b5a8ff59fp-11;
  near = near * z + -0x1.7d8fd404c2cf0p-10;
  near = near * z + 0x1.d6d29b8f661fcp-9;
  near = near * z + -0x1.226e2f13cc2abp-7;
  near = near * z + 0x1.664f485965b9bp-6;
  near = near * z + -0x1.ba1ba1b97d337p-5;
  near = near * z + 0x1.1111111110795p-3;
  near = near * z + -0x1.555555555554fp-2;
  near = (near * z) * x + x;
  f64v e = exp_of_minus_abs_f64(x + x);
  f64v far = 1.0 - 2.0 * (e / (1.0 + e));
  return with_sign_of_f64(select_f64((i64v)(abs_f64(x) < 0.55), near, far), x);
}

/* Bound 1.25 ulp, 1.5 without FMA [1.07, 1.29]. */
SIG_INLINE f64v erf_f64(f64v x) {
  f64v a = abs_f64(x);
  a = select_f64((i64v)(a > 6.0), splat_f64(6.0), a);
  f64v z = a * a;
  f64v near = z * -0x1.15ed1c233317ap-30 + 0x1.fc095c4041500p-27;
  near = near * z + -0x1.60a2a8d6f7df0p-23;
  near = near * z + 0x1.ba26a12f6db66p-20;
  near = near * z + -0x1.f4d8ff115cdafp-17;
  near = near * z + 0x1.f9a390488262fp-14;
  near = near * z + -0x1.c02db81074d4fp-11;
  near = near * z + 0x1.565bcd271be85p-8;
  near = near * z + -0x1.b82ce31337586p-6;
  near = near * z + 0x1.ce2f21a0453c3p-4;
  near = near * z + -0x1.812746b037a21p-2;
  near = near * z + 0x1.06eba8214db69p-3;
  near = near * a + a;
  /* erfc(a) = exp(-p), 0.9 <= a <= 6 */
  f64v p = a * -0x1.7c91e676d8deep-40 + 0x1.0a1690081ba2dp-34;
  p = p * a + -0x1.5c7861d1063f7p-30;
  p = p * a + 0x1.1bb9100532674p-26;
  p = p * a + -0x1.413b08dee9ea7p-23;
  p = p * a + 0x1.0b51c4c409a8cp-20;
  p = p * a + -0x1.4f9a11f97777bp-18;
  p = p * a + 0x1.3df03342557a0p-16;
  p = p * a + -0x1.b438663f61f24p-15;
  p = p * a + 0x1.699d93a72b293p-14;
  p = p * a + 0x1.0cf2521e8beb8p-16;
  p = p * a + -0x1.3a51f339c521ap-11;
  p = p * a + 0x1.c33e65b301dd9p-10;
  p = p * a + -0x1.f319278d5c528p-13;
  p = p * a + -0x1.390ce69517f31p-6;
  p = p * a + 0x1.a4e98010d915cp-4;
  p = p * a + 0x1.45f38259ec542p-1;
  p = p * a + 0x1.20dd685b10866p+0;
  p = p * a + 0x1.313a84a43c7d1p-24;
  f64v far = 1.0 - exp_small_f64(-p);
  return with_sign_of_f64(select_f64((i64v)(a < 0.9), near, far), x);
}

SIG_INLINE f64v sqrt_f64(f64v x) {
  f64v out;
  for (int l = 0; l < SIG_LANES; l++) out[l] = __builtin_sqrt(x[l]);
  return out;
}
/* Bound 1.5 ulp. */
SIG_INLINE f64v rsqrt_f64(f64v x) { return 1.0 / sqrt_f64(x); }

SIG_INLINE f64v floor_f64(f64v x) {
  f64v out;
  for (int l = 0; l < SIG_LANES; l++) out[l] = __builtin_floor(x[l]);
  return out;
}

SIG_INLINE f64v sign_f64(f64v x) {
  return select_f64((i64v)(abs_f64(x) > 0.0), with_sign_of_f64(splat_f64(1.0), x), x);
}

SIG_INLINE f64v maximum_f64(f64v x, f64v y) {
  f64v larger = select_f64((i64v)(x > y), x, y);
  larger = select_f64((i64v)(x == y), (f64v)((u64v)x & (u64v)y), larger);
  return select_f64((i64v)(x != x), x, larger);
}
SIG_INLINE f64v minimum_f64(f64v x, f64v y) {
  f64v smaller = select_f64((i64v)(x < y), x, y);
  smaller = select_f64((i64v)(x == y), (f64v)((u64v)x | (u64v)y), smaller);
  return select_f64((i64v)(x != x), x, smaller);
}

/* A scalar call per lane, as in pow, sin and cos: no loss depends on their speed in f64. The bounds are those of libm. */
SIG_INLINE f64v mod_f64(f64v x, f64v y) {
  f64v rest;
  for (int l = 0; l < SIG_LANES; l++) rest[l] = __builtin_fmod(x[l], y[l]);
  i64v wrong = (i64v)(rest != 0.0) & (i64v)((rest < 0.0) != (y < 0.0));
  return select_f64((i64v)(rest == 0.0), with_sign_of_f64(rest, y), select_f64(wrong, rest + y, rest));
}
/* Bound 1 ulp. */
SIG_INLINE f64v pow_f64(f64v x, f64v y) {
  f64v out;
  for (int l = 0; l < SIG_LANES; l++) out[l] = __builtin_pow(x[l], y[l]);
  return out;
}
/* Bound 1 ulp. */
SIG_INLINE f64v sin_f64(f64v x) {
  f64v out;
  for (int l = 0; l < SIG_LANES; l++) out[l] = __builtin_sin(x[l]);
  return out;
}
/* Bound 1 ulp. */
SIG_INLINE f64v cos_f64(f64v x) {
  f64v out;
  for (int l = 0; l < SIG_LANES; l++) out[l] = __builtin_cos(x[l]);
  return out;
}

#endif
