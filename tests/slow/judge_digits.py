#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges generated digits by a small classifier: are they digits, and is every digit among them?

    python3 tests/slow/judge_digits.py MNIST COUNT GRID...        needs numpy, pillow

MNIST is the folder with the four idx.gz files, GRID a picture of COUNT digits written by `fauve generate -n COUNT`.
Trains the classifier (784-512-256-10, half a minute of processor time) and prints

    accuracy 0.9838                     of the test digits
    test accepted 0.9280 shares ...     the line below for 1,000 test digits: what can be reached
    GRID accepted 0.8670 shares 0.0910 0.1020 ...

accepted: the share of pictures with p > 0.9 for some digit; shares: of all pictures, those accepted as 0, 1, ... 9.
"""
import gzip, os, sys
import numpy as np
from PIL import Image

SIDE, GAP, EPOCHS, BATCH, RATE = 28, 4, 4, 100, 1e-3


def idx(folder, name, head):
    with gzip.open(os.path.join(folder, name)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=head)


def digits(folder, part):
    x = idx(folder, part + "-images-idx3-ubyte.gz", 16).reshape(-1, SIDE, SIDE)
    return x.astype(np.float32) / 255, idx(folder, part + "-labels-idx1-ubyte.gz", 8)


def forward(w, x):
    h = [x]
    for i in range(0, len(w), 2):
        x = h[-1] @ w[i] + w[i + 1]
        h.append(np.maximum(x, 0) if i + 2 < len(w) else x)
    p = np.exp(h[-1] - h[-1].max(1, keepdims=True))
    return h, p / p.sum(1, keepdims=True)


def train(x, y):
    r = np.random.default_rng(1)
    size = [SIDE * SIDE, 512, 256, 10]
    w = []
    for a, b in zip(size, size[1:]):
        w += [r.normal(0, (2 / a) ** .5, (a, b)).astype(np.float32), np.zeros(b, np.float32)]
    m, v = [np.zeros_like(a) for a in w], [np.zeros_like(a) for a in w]
    steps = EPOCHS * len(x) // BATCH
    for t in range(steps):
        if t * BATCH % len(x) == 0:
            order = r.permutation(len(x))
        k = order[t * BATCH % len(x):][:BATCH]
        # A pixel up, down, left or right: digits that stand a little aside are digits too.
        h, p = forward(w, np.roll(x[k], r.integers(-1, 2, 2), (1, 2)).reshape(len(k), -1))
        p[np.arange(len(k)), y[k]] -= 1
        d = p / len(k)
        for i in range(len(w) - 2, -1, -2):
            g = [h[i // 2].T @ d, d.sum(0)]
            d = d @ w[i].T * (h[i // 2] > 0)
            for j in (0, 1):
                m[i + j] += .1 * (g[j] - m[i + j])
                v[i + j] += .001 * (g[j] ** 2 - v[i + j])
                w[i + j] -= RATE * (1 - t / steps) * m[i + j] / (1 - .9 ** (t + 1)) / (np.sqrt(v[i + j] / (1 - .999 ** (t + 1))) + 1e-8)
    return w


def cells(path, count):
    """the pictures of a contact sheet, row by row"""
    a = np.asarray(Image.open(path).convert("L"), np.float32) / 255
    step = SIDE + GAP
    columns, rows = (a.shape[1] + GAP) // step, (a.shape[0] + GAP) // step
    if (columns * step - GAP, rows * step - GAP) != a.shape[::-1] or columns * rows < count:
        sys.exit(f"{path}: {a.shape[1]}x{a.shape[0]} is no sheet of {count} pictures")
    return np.stack([a[i // columns * step:, i % columns * step:][:SIDE, :SIDE] for i in range(count)])


def judge(w, name, x):
    p = forward(w, x.reshape(len(x), -1))[1]
    accepted = p.max(1) > .9
    shares = np.bincount(p.argmax(1)[accepted], minlength=10) / len(x)
    print(f"{name} accepted {accepted.mean():.4f} shares", *(f"{s:.4f}" for s in shares), flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: judge_digits.py MNIST COUNT GRID...")
    folder, count = sys.argv[1], int(sys.argv[2])
    w = train(*digits(folder, "train"))
    x, y = digits(folder, "t10k")
    print(f"accuracy {(forward(w, x.reshape(len(x), -1))[1].argmax(1) == y).mean():.4f}")
    judge(w, "test", x[:1000])
    for path in sys.argv[3:]:
        judge(w, path, cells(path, count))
