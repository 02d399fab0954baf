"""
The polynomials of runtime/engines/native/c/math_f32.h and math_f64.h: `python3 minimax.py [NAME...]` prints them, lowest
power first, with the error that they leave. Needs mpmath.

A fit minimises the largest |(f(x) - sum c_k x^k) * weight(x)| over an interval; what the code adds by itself (the 1 + r of
exp, the x of sin) is taken out of f before. Coefficients are rounded to the format from the lowest power up, and after
each the rest is fitted again, to make up for what rounding took.
"""

import sys

from mpmath import cos, erf, erfc, exp, expm1, log, log1p, lu_solve, matrix, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 50


def fit(f, powers, weight, low, high, rounds):
    """Lawson: least squares, whose weights grow where the error is large, tend to the minimax fit."""
    n, count = len(powers), 14 * len(powers) + 14
    grid = [(low + high) / 2 - (high - low) / 2 * cos(pi * (k + mpf(1) / 2) / count) for k in range(count)]
    rows = [[weight(x) * x**p for p in powers] for x in grid]
    target = [weight(x) * f(x) for x in grid]
    lawson = [mpf(1) / count] * count
    best, least = None, None
    for _ in range(rounds):
        a, y = matrix(n, n), matrix(n, 1)
        for row, t, l in zip(rows, target, lawson):
            for i in range(n):
                y[i] += l * row[i] * t
                for j in range(n):
                    a[i, j] += l * row[i] * row[j]
        c = lu_solve(a, y)
        error = [abs(t - sum(c[j] * row[j] for j in range(n))) for row, t in zip(rows, target)]
        if least is None or max(error) < least:
            best, least = [c[j] for j in range(n)], max(error)
        lawson = [l * e for l, e in zip(lawson, error)]
        total = sum(lawson)
        lawson = [l / total for l in lawson]
    return best, least


def round_to(digits, x):
    """The nearest number of so many binary digits; no coefficient is subnormal."""
    mantissa, exponent = mp.frexp(x)
    return mp.ldexp(mp.nint(mp.ldexp(mantissa, digits)), exponent - digits)


def rounded_fit(digits, f, powers, weight, low, high):
    out, rest, left = [], f, list(powers)
    while left:
        c, error = fit(rest, left, weight, low, high, 6 if out else 24)
        exact_error = error if not out else exact_error
        c0, p0 = round_to(digits, c[0]), left.pop(0)
        out.append(c0)
        rest = (lambda g, c, p: lambda x: g(x) - c * x**p)(rest, c0, p0)
    points = [low + (high - low) * k / 1999 for k in range(2000)]
    return out, exact_error, max(abs(rest(x) * weight(x)) for x in points)


# Reductions round a little off the middle, and no point may be 0, where a weight is infinite.
half_ln2 = log(2) / 2 * mpf("1.002")
tiny = mpf("1e-4")
atanh_end = (sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1) * mpf("1.0005")
quarter = pi / 4 * mpf("1.001")


def relative_to(f):
    return lambda x: 1 / abs(f(x))


def fits(digits):
    """name: f, powers, weight, low, high"""
    single = digits == 24
    erf_end, tanh_end = mpf("0.9"), mpf("0.625") if single else mpf("0.55")
    atanh = lambda s: log((1 + s) / (1 - s))
    common = {
        "exp": (lambda x: exp(x) - 1 - x, range(2, 7 if single else 12), relative_to(exp), -half_ln2, half_ln2 * mpf("1.00013")),
        "expm1": (lambda x: expm1(x) - x, range(2, 7 if single else 13), relative_to(expm1), -half_ln2, half_ln2 * mpf("1.00013")),
        "tanh": (lambda x: tanh(x) - x, range(3, 13 if single else 25, 2), relative_to(tanh), tiny, tanh_end),
        "erf": (lambda x: erf(x) - x, range(1, 13 if single else 25, 2), relative_to(erf), tiny, erf_end),
        # the error of 1 - exp(-p) is erfc times that of p
        "erfc": (lambda x: -log(erfc(x)), range(0, 7 if single else 19), erfc, erf_end, mpf(4 if single else 6)),
    }
    if single:
        # log(1 + f) = f - f^2 / 2 + ...
        root = sqrt(mpf(2))
        low, high = (1 / root - 1) * mpf("1.0005"), (root - 1) * mpf("1.0005")
        common["log"] = (lambda x: log1p(x) - x + x * x / 2, range(3, 11), relative_to(log1p), low, high)
        common["log1p of a unit"] = (lambda x: log1p(x) - x, range(2, 11), relative_to(log1p), tiny, mpf(1))
        common["sin"] = (lambda x: sin(x) - x, range(3, 9, 2), relative_to(sin), tiny, quarter)
        common["cos"] = (lambda x: cos(x) - 1 + x * x / 2, range(4, 10, 2), relative_to(cos), tiny, quarter)
    else:
        common["log"] = (lambda s: atanh(s) - 2 * s, range(3, 17, 2), lambda s: 1 / (2 * s), tiny, atanh_end)
        # pow_f32 computes in f64, to the precision that it needs
        common["log2 of pow_f32"] = (lambda s: atanh(s) / log(2), range(1, 13, 2), lambda s: 1 / s, tiny, atanh_end)
        common["exp2 of pow_f32"] = (lambda x: mpf(2) ** x, range(0, 8), lambda x: mpf(2) ** -x, mpf("-0.5001"), mpf("0.5001"))
    return common


for digits in (24, 53):
    for name, (f, powers, weight, low, high) in fits(digits).items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        coefficients, exact_error, error = rounded_fit(digits, f, powers, weight, low, high)
        print(f"{name}, {digits} bits: error 2^{float(log(exact_error, 2)):.2f}, with rounded coefficients 2^{float(log(error, 2)):.2f}")
        for p, c in zip(powers, coefficients):
            print(f"  x^{p:<2} {float(c).hex()}")
