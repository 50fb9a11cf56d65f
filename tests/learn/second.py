#!/usr/bin/env python3
"""The merge a second time, written from docs/learning.md alone: theta of each lineage of a file of JSON lines, held against
what okibi says.   second.py FILE"""

import json
import math
import sys


def decode(shapes, blob):
    """Samples, exponents and mantissas of a blob."""
    assert blob[0] == 1 and blob[1] in (4, 8)
    most, tensors = {4: 2, 8: 6}[blob[1]], len(shapes)
    samples, exponents = int.from_bytes(blob[2:6], "little"), blob[6 : 6 + tensors]
    code = iter(blob[6 + tensors :])
    low, high, value = 0, 2**32 - 1, 0
    for _ in range(4):
        value = value << 8 | next(code, 0)

    def bit(*name):
        nonlocal low, high, value
        p, n = chances.get(name, (1 << 15, 0))
        middle = low + ((high - low) * p >> 16)
        one = value <= middle
        low, high = (low, middle) if one else (middle + 1, high)
        p += ((65535 if one else 0) - p) * (2**16 // (n + 2)) >> 16
        chances[name] = max(32, min(65504, p)), min(n + 1, 254)
        while low >> 24 == high >> 24:
            low, high = low << 8 & 0xFFFFFFFF, high << 8 & 0xFFFFFFFF | 255
            value = value << 8 & 0xFFFFFFFF | next(code, 0)
        return one

    mantissas = []
    for rows, columns in shapes:
        chances, tensor = {}, []
        for at in range(rows * columns):
            left = abs(tensor[at - 1]) if at % columns else 0
            above = tensor[at - columns] if at >= columns else 0
            near = left + abs(above)
            near = near if near < 3 else 3 if near < 6 else 4
            if bit("zero", near):
                tensor.append(0)
                continue
            minus = bit("minus", (above > 0) - (above < 0))
            digits = 0
            while digits < most and bit("longer", near, digits):
                digits += 1
            magnitude = 1
            for _ in range(digits):
                magnitude = magnitude << 1 | bit("next", magnitude)
            tensor.append(-magnitude if minus else magnitude)
        mantissas += tensor
    return samples, exponents, mantissas


def half_up(a, b):
    return (2 * a + b) // (2 * b)


def step(shapes, profile, voters):
    """What the deltas of one generation come to; `voters` are (weight, blob)."""
    votes = []
    for weight, blob in voters:
        samples, exponents, mantissas = decode(shapes, blob)
        numbers, mantissas = [], iter(mantissas)
        for (rows, columns), exponent in zip(shapes, exponents):
            numbers += [next(mantissas) << 24 - exponent for _ in range(rows * columns)]
        votes.append((math.isqrt(sum(n * n for n in numbers)), weight, samples, numbers))
    there, below, median = sum(vote[1] for vote in votes), 0, 0
    for norm, weight, _, _ in sorted(votes):
        below += weight
        if 2 * below >= there:
            median = norm
            break
    most = min(profile["clip"], 3 * median // 2)
    clipped = []
    for norm, weight, samples, numbers in votes:
        if norm > most:
            ratio = most * 2**16 // norm
            numbers = [n * ratio + 2**15 >> 16 for n in numbers]
        clipped.append((weight, samples, numbers))
    result = []
    for at in range(sum(rows * columns for rows, columns in shapes)):
        if profile["trim"] is None:
            weights = sum(weight * samples for weight, samples, _ in clipped)
            total = sum(weight * samples * numbers[at] for weight, samples, numbers in clipped)
            result.append(half_up(total, weights) if weights else 0)
            continue
        cut = profile["trim"] << 16
        whole = max(there, 2 * cut + 2**16, profile["quorum"] << 16)
        column = [(numbers[at], weight) for weight, _, numbers in clipped] + [(0, whole - there)]
        total, start = 0, 0
        for number, weight in sorted(column):
            kept = min(start + weight, whole - cut) - max(start, cut)
            total += number * max(kept, 0)
            start += weight
        result.append(half_up(total, whole - 2 * cut))
    return result


def theta(lineage):
    """Units after the last generation."""
    profile, shapes = lineage["profile"], lineage["shapes"]
    state, velocity, timely, generation = list(lineage["base"]), [0] * len(lineage["base"]), {}, 0
    while True:
        generation += 1
        now, latest = {}, {}
        for delta in lineage["deltas"]:
            if delta["generation"] != generation:
                continue
            cited = {timely[cite] for cite in delta["cites"] if cite in timely}
            if generation > 1 and len(cited) < profile["clock"]:
                continue
            now[delta["id"]] = delta["author"]
            key = delta["seq"], delta["id"]
            if not delta["withdrawn"] and latest.get(delta["author"], ((-1, ""), None))[0] < key:
                latest[delta["author"]] = key, delta
        if not now:
            return state
        voters = [(delta["weight"], bytes.fromhex(delta["blob"])) for _, delta in latest.values()]
        moved = step(shapes, profile, [vote for vote in voters if vote[0]])
        velocity = [m + (profile["momentum"] * v + 128 >> 8) for m, v in zip(moved, velocity)]
        state = [s + v for s, v in zip(state, velocity)]
        timely = now


lineages = [json.loads(line) for line in open(sys.argv[1])]
wrong = [number for number, lineage in enumerate(lineages) if theta(lineage) != lineage["theta"]]
print(f"{len(lineages)} lineages, {len(wrong)} differ: {wrong}")
sys.exit(bool(wrong) or not lineages)
