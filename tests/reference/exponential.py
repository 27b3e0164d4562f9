"""The polynomials E and T of kernel/src/exponential.rs, found anew.

Run `pip install numpy mpmath`, then `python3 exponential.py`; a quarter of a minute. It prints the two constants as
they stand in the kernel, and fails if they do not.

1. Remez in 40 digits: the polynomial whose largest weighted error is smallest.
2. Its coefficients become f32 one by one, the lowest first; after each, the others are fitted again.
3. A walk over neighbouring f32. Judge is the kernel's arithmetic with its roundings, on a few 100,000 numbers.

The walk depends on the draws of numpy's generator: the kernel's constants are those of numpy 1.26 and seed 1; other
draws end at others nearby. Chosen by hand, from trials, are the degrees, the threshold 5/8 of tanh, the order of the
operations, the limits that weigh one function against another, and the walk's reach. ln 2 is split at 355/512 so
that n 355/512 is exact. The errors over all f32 are the business of `tests/tests/exponential.rs`.
"""

import sys
from pathlib import Path

import numpy as np
from mpmath import cos, exp, log, lu_solve, matrix, mp, mpf, pi, sqrt, tanh

mp.dps = 40
f32 = np.float32
KERNEL = Path(__file__).parents[2] / "kernel/src/exponential.rs"
COUNT, POINTS, TRIES = 5, 600, 1000


def remez(target, weight, low, high, powers):
    """The c with the smallest maximum of |weight(u) (target(u) - sum c_j u^powers_j)|, and that maximum."""
    k = len(powers) + 1
    grid = [(low + high) / 2 + (high - low) / 2 * cos(pi * (POINTS - i) / POINTS) for i in range(POINTS + 1)]
    grid = [u for u in grid if weight(u) > mpf("1e-9")]  # no extremes where the weight is nought
    t, w = [target(u) for u in grid], [weight(u) for u in grid]
    extremes = [round((len(grid) - 1) * (1 - float(cos(pi * i / (k - 1)))) / 2) for i in range(k)]
    best = None
    for _ in range(30):
        a, b = matrix(k, k), matrix(k, 1)
        for i, g in enumerate(extremes):
            for j, power in enumerate(powers):
                a[i, j] = grid[g] ** power
            a[i, k - 1] = (-1) ** i / w[g]
            b[i] = t[g]
        c = lu_solve(a, b)
        e = [wu * (sum(c[j] * u**power for j, power in enumerate(powers)) - tu) for u, tu, wu in zip(grid, t, w)]
        worst = max(map(abs, e))
        if best is None or worst < best[1]:
            best = ([c[j] for j in range(k - 1)], worst)
        runs = []  # the extreme of every run of one sign
        for i, x in enumerate(e):
            if runs and (x > 0) == (e[runs[-1]] > 0):
                if abs(x) > abs(e[runs[-1]]):
                    runs[-1] = i
            else:
                runs.append(i)
        while len(runs) > k:
            runs.pop(0 if abs(e[runs[0]]) < abs(e[runs[-1]]) else -1)
        if len(runs) < k or worst < abs(c[k - 1]) * mpf("1.0001"):
            break
        extremes = runs
    return best


def rounded(target, weight, low, high):
    """The lowest coefficient becomes f32, the rest is fitted again, and so on."""
    done = []
    for j in range(COUNT):
        rest = lambda u: target(u) - sum(mpf(float(c)) * u**i for i, c in enumerate(done))
        c, _ = remez(rest, weight, low, high, range(j, COUNT))
        done.append(f32(float(c[0])))
    return np.array(done, f32)


# The arithmetic of the kernel in numpy's f32. What only keeps results in range is left out: it rounds nothing.
ROUND, LOG2_E = f32(12582912), f32(1.44269504)
LN_2_HIGH, LN_2_LOW = f32(355 / 512), f32(355 / 512 - float(log(2)))


def split(x, c):
    n = (x * LOG2_E + ROUND) - ROUND
    high, low = x - n * LN_2_HIGH, n * LN_2_LOW
    r = high + low
    r2 = r * r
    e = (c[0] + c[1] * r) + r2 * ((c[2] + c[3] * r) + r2 * c[4])
    return np.ldexp(f32(1), n.astype(np.int32)), high + (low + r2 * e)


def exp_f32(x, c):
    s, p = split(x, c)
    return s + s * p


def tail(y, c):
    s, p = split(y, c)
    return f32(1) / (s + (f32(1) + s * p))


def tanh_far(x, c):
    return f32(1) - f32(2) * tail(f32(2) * x, c)


def tanh_near(x, c):
    z = x * x
    z2 = z * z
    return x + x * ((c[0] * z + c[1] * z2) + z * z2 * ((c[2] + c[3] * z) + c[4] * z2))


def sigmoid_near(x, c):
    return f32(0.5) + f32(0.5) * tanh_near(f32(0.5) * x, c)


def sigmoid_f64(x):
    return 1 / (1 + np.exp(-x))


def error(y, truth):
    """In units of the last place."""
    return np.abs(y.astype(float) - truth) / 2.0 ** (np.floor(np.log2(np.abs(truth))) - 23)


class Judge:
    """Worst errors over samples; the hardest numbers seen so far are tried first.

    A case is a function, its true value, the numbers, and the error that it is meant to stay below.
    """

    def __init__(self, *cases):
        self.cases = [(f, x, truth(x.astype(float)), limit) for f, truth, x, limit in cases]
        self.hard = [np.zeros(0, int) for _ in cases]

    def score(self, c, at_least=np.inf):
        """The largest error over its limit, and a small part for the values that are not correctly rounded."""
        worst, wrong = 0, 0
        for (f, x, t, limit), hard in zip(self.cases, self.hard):
            if len(hard):
                worst = max(worst, error(f(x[hard], c), t[hard]).max() / limit)
        if worst >= at_least:
            return worst
        for k, (f, x, t, limit) in enumerate(self.cases):
            e = error(f(x, c), t)
            worst = max(worst, e.max() / limit)
            wrong += np.mean(e > 0.5) / len(self.cases)
            self.hard[k] = np.union1d(self.hard[k], np.argpartition(e, -20)[-20:])[-4000:]
        return worst + 0.05 * wrong


def walk(judge, best, rng, reach):
    """Changes one to three coefficients by up to `reach` units in the last place, and keeps what is better."""
    score = judge.score(best)
    for _ in range(TRIES):
        trial = best.view(np.int32).copy()
        for j in rng.choice(COUNT, rng.integers(1, 4), replace=False):
            trial[j] += rng.integers(-reach[j], reach[j] + 1)
        trial = trial.view(f32)
        s = judge.score(trial, score)
        if s < score:
            best, score = trial, s
    return best


def line(name, c):
    """As rustfmt and clippy want it."""
    def digits(x):
        whole, part = str(x).split(".")
        return f"{whole}." + "_".join(part[i : i + 3] for i in range(0, len(part), 3))
    return f"const {name}: [f32; {COUNT}] = [{', '.join(map(digits, c))}];"


def main():
    rng = np.random.default_rng(1)

    def numbers(low, high, count):
        """Evenly over the floats between."""
        bits = rng.integers(f32(low).view(np.int32), f32(high).view(np.int32), count, dtype=np.int32)
        return np.sort(bits).view(f32)

    def both(x):
        return np.concatenate([x, -x])

    # E is wanted relative to e^r, a little beyond ln 2 / 2 because n is rounded from a rounded product.
    half = log(2) / 2 * mpf("1.0002")
    e = lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > mpf("1e-9") else mpf(1) / 2 + r / 6
    e_start = rounded(e, lambda r: r * r / exp(r), -half, half)
    x, wide, far = numbers(0.05, 0.7, 120000), numbers(0.3, 12, 120000), numbers(0.625, 4.5, 200000)
    y = np.concatenate([numbers(1.25, 4, 150000), numbers(4, 20, 60000)])
    judge = Judge(
        (exp_f32, np.exp, np.concatenate([both(x), both(wide)]), 0.90),
        (tail, lambda y: 1 / (1 + np.exp(y)), y, 1.58),
        (tanh_far, np.tanh, far, 1.20),
    )
    lines = [line("E", walk(judge, e_start, rng, [1, 4, 20, 200, 2000]))]

    # T is wanted relative to tanh x.
    t = lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z if z > mpf("1e-8") else -mpf(1) / 3 + 2 * z / 15
    t_start = rounded(t, lambda z: z * sqrt(z) / tanh(sqrt(z)) if z > 0 else mpf(0), mpf(0), mpf("0.625") ** 2)
    judge = Judge(
        (tanh_near, np.tanh, numbers(0.05, 0.625, 300000), 0.80),
        (sigmoid_near, sigmoid_f64, both(numbers(0.1, 1.25, 200000)), 1.50),
    )
    lines.append(line("T", walk(judge, t_start, rng, [3, 10, 60, 300, 2000])))

    print("\n".join(lines))
    kernel = KERNEL.read_text()
    if not all(each in kernel for each in lines):
        sys.exit("the kernel has other constants")


if __name__ == "__main__":
    main()
