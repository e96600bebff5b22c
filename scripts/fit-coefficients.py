"""Fits the polynomials of src/compile/onnx/special/ in high precision (mpmath), and prints them with their errors.

Weighted least squares at Chebyshev points, with weights moved towards the largest errors (Lawson's iteration),
which comes close to the minimax polynomial.
"""

import mpmath as mp
import numpy as np

mp.mp.prec = 300


def fit(f, weight, low, high, degree, variable, count=120):
    """Coefficients c of sum c[j] variable(x)^j ~ f(x), and the largest error times the weight."""
    middle, half = (low + high) / 2, (high - low) / 2
    xs = [middle + half * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    rows = [[variable(x) ** j * weight(x) for j in range(degree + 1)] for x in xs]
    target = [f(x) * weight(x) for x in xs]
    pull = [mp.mpf(1)] * count
    for _ in range(12):
        a = np.array([[v * mp.sqrt(p) for v in row] for row, p in zip(rows, pull)], dtype=object)
        b = np.array([t * mp.sqrt(p) for t, p in zip(target, pull)], dtype=object)
        c = mp.lu_solve(mp.matrix(a.T.dot(a).tolist()), mp.matrix(a.T.dot(b).tolist()))
        errors = [abs(sum(v * c[j] for j, v in enumerate(row)) - t) for row, t in zip(rows, target)]
        worst = max(errors)
        pull = [p * (e / worst + mp.mpf("1e-3")) for p, e in zip(pull, errors)]
        mean = sum(pull) / count
        pull = [p / mean for p in pull]
    return [float(c[j]) for j in range(degree + 1)], worst


def show(name, result):
    coefficients, error = result
    print(f"// {name}: error {mp.nstr(error, 2)}")
    print("[" + ", ".join(repr(c) for c in coefficients) + "]\n")


NEAR_ZERO = mp.mpf("1e-12")

show(
    "(atan(t)/t - 1)/z in z = t^2 on [0, tan(pi/8)^2]",
    fit(lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z, NEAR_ZERO, (mp.sqrt(2) - 1) ** 2, 10, lambda z: z),
)
show(
    "erf(x)/x in z = x^2 on [0, 1]",
    fit(lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z), lambda z: mp.sqrt(z) / mp.erf(mp.sqrt(z)), NEAR_ZERO, mp.mpf(1), 11, lambda z: z),
)
show(
    "exp(a^2) erfc(a) in s = (a - 2)/(a + 2) on [1, 6]",
    fit(lambda a: mp.exp(a * a) * mp.erfc(a), lambda a: mp.exp(-a * a) / mp.erf(a), mp.mpf(1), mp.mpf(6), 12, lambda a: (a - 2) / (a + 2)),
)
