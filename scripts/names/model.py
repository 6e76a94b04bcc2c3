"""A small model of what names look like: logistic regression over hashed letter n-grams."""

import random

import numpy

ORDERS = (2, 3, 4)


def fnv(letters):
    value = 0x811C9DC5
    for letter in letters:
        value = ((value ^ ord(letter)) * 0x01000193) & 0xFFFFFFFF
    return value


def features(word, buckets):
    text = f"^{word}$"
    found = []
    for order in ORDERS:
        for at in range(len(text) - order + 1):
            value = fnv(text[at : at + order])
            found.append((value ^ value >> 15) % buckets)
    return found


def script_of(word):
    code = ord(word[0])
    for end, name in ((0x250, "latin"), (0x400, "greek"), (0x530, "cyrillic"), (0x590, "armenian"), (0x600, "hebrew"), (0x900, "arabic"), (0x1200, "indic")):
        if code < end:
            return name
    return "hangul" if 0xAC00 <= code <= 0xD7A3 else "latin" if 0x1E00 <= code < 0x1F00 else "other"


def train(names, words, path, buckets, seed=1):
    rng = random.Random(seed)
    scripts = {}
    for label, lists in ((1, names), (0, words)):
        for word in lists:
            scripts.setdefault(script_of(word), ([], []))[label].append(word)
    rows = []
    for script, (negative, positive) in sorted(scripts.items()):
        # A script without a dictionary teaches nothing.
        if len(negative) < 300 or len(positive) < 100:
            continue
        rng.shuffle(negative)
        negative = negative[: max(4 * len(positive), 20_000)]
        print(script, len(positive), len(negative))
        weight = len(negative) / len(positive)
        rows += [(features(word, buckets), 1, weight ** 0.5) for word in positive]
        rows += [(features(word, buckets), 0, 1.0) for word in negative]
    weights, bias = numpy.zeros(buckets), 0.0
    squares = numpy.full(buckets, 1e-6)
    for epoch in range(4):
        rng.shuffle(rows)
        for found, label, importance in rows:
            score = bias + weights[found].sum()
            error = importance * (label - 1 / (1 + numpy.exp(-max(-30, min(30, score)))))
            gradient = error - 1e-4 * weights[found]
            squares[found] += gradient * gradient
            weights[found] += 0.25 * gradient / numpy.sqrt(squares[found])
            bias += 0.001 * error
    # Sixteenths, one byte each; the bias goes first.
    scaled = numpy.clip(numpy.round(numpy.concatenate([[bias], weights]) * 16), -127, 127).astype(numpy.int8)
    path.write_bytes(scaled.tobytes())
    print("bias", bias, "bytes", path.stat().st_size)
