"""Draws of chance, from the text of the contract alone: Python's standard library, float64, no Tamis code.

Run `python3 random_vectors.py`; it writes `random_vectors.json` beside itself.
64-bit numbers are written as strings, exact 32-bit floats as their bits.
"""

import json
import math
import struct
from pathlib import Path

M32, M64 = 2**32 - 1, 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
WEIGHTS, ORDER, LABEL_NOISE, PROBES, TASK_INPUTS, TASK_NOISE = range(1, 7)


def mix(z):
    """The output function of SplitMix64 (Steele, Lea, Flood 2014)."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def rotl(x, k):
    return ((x << k) | (x >> (32 - k))) & M32


class Generator:
    """Xoshiro128++ (Blackman, Vigna 2019) in the state that belongs to (seed, purpose, stream)."""

    def __init__(self, seed, purpose, stream):
        a = mix((seed + GOLDEN * (purpose + 1)) & M64)
        low = mix((a + stream + GOLDEN) & M64)
        high = mix((a + stream + 2 * GOLDEN) & M64)
        self.s = [low & M32, low >> 32, high & M32, high >> 32]
        if not any(self.s):
            self.s = [1, 0, 0, 0]

    def next(self):
        s = self.s
        result = (rotl((s[0] + s[3]) & M32, 7) + s[0]) & M32
        t = (s[1] << 9) & M32
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 11)
        return result

    def uniform(self):
        return (self.next() >> 8) / 2**24

    def normals(self, n):
        out = []
        while len(out) < n:
            u1, u2 = self.uniform(), self.uniform()
            r = math.sqrt(-2 * math.log(1 - u1))
            out += [r * math.cos(2 * math.pi * u2), r * math.sin(2 * math.pi * u2)]
        return out[:n]

    def below(self, n):
        """Lemire 2019, algorithm 5, on 32 bits."""
        product = self.next() * n
        if product & M32 < n:
            while product & M32 < 2**32 % n:
                product = self.next() * n
        return product >> 32


def order(seed, epoch, n):
    generator, indices = Generator(seed, ORDER, epoch), list(range(n))
    for i in range(n - 1, 0, -1):
        j = generator.below(i + 1)
        indices[i], indices[j] = indices[j], indices[i]
    return indices


def probes(seed, index, n):
    generator, signs = Generator(seed, PROBES, index), []
    while len(signs) < n:
        word = generator.next()
        signs += [1 if word >> bit & 1 else -1 for bit in range(32)]
    return signs[:n]


def bits(value):
    (word,) = struct.unpack("<I", struct.pack("<f", value))
    return word


def case(seed, purpose, stream):
    """The same generator, made anew for every kind of draw."""
    fresh = lambda: Generator(seed, purpose, stream)
    g, u, b = fresh(), fresh(), fresh()
    bounds = [1, 2, 3, 7, 10, 256, 1000, 2**31 + 1, 3 * 2**30, 2**32 - 1] * 4
    return {
        "seed": str(seed),
        "purpose": purpose,
        "stream": str(stream),
        "words": [g.next() for _ in range(12)],
        "uniforms": [bits(u.uniform()) for _ in range(12)],
        "normals": fresh().normals(31),
        "bounds": bounds,
        "below": [b.below(n) for n in bounds],
    }


seeds = [0, 1, 42, 2**32, M64]
streams = [(1, 0), (2, 0), (2, 1), (3, 5), (4, 17), (5, 2**31), (6, 2**31 + 1023), (6, M64)]
vectors = {
    "generators": [case(seed, *which) for seed in seeds for which in streams],
    "orders": [
        {"seed": str(seed), "epochs": [order(seed, epoch, n) for epoch in (0, 1)]}
        for seed in (0, 7, M64)
        for n in (1, 2, 10, 256)
    ],
    "probes": [
        {"seed": str(seed), "index": str(index), "signs": probes(seed, index, n)}
        for seed in (0, 7, M64)
        for index, n in ((0, 8), (1, 1), (99, 32), (2**31, 40), (M64, 70))
    ],
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(vectors).replace('{"seed"', '\n{"seed"') + "\n")
