#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden distances of sets of points, points of pictures, and LPIPS, in numpy, scipy and PyTorch
(float64), written to feature.safetensors.

    python3 tests/golden/feature.py          needs torch, numpy, scipy, safetensors

Points, pictures and LPIPS' weights (rounded to half) come from value.py's formula, which
tests/golden/feature.c computes too. The file holds

    CASE.kid                    mean, deviation of 100 subsets, drawn by numpy's default_rng(0);
                                the mean with the diagonals left in, which is wrong
    CASE.frechet                the distance; that with covariances over n, which is wrong
    NETWORK.point               of a square of 256: vgg16's 512 numbers, vgg19-small's 128
    lpips.alex, lpips.vgg       of two squares; by mirrored borders, and by squares that are not
                                weighted: both wrong
"""
import os
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy import linalg
from torch.nn import functional as F
from value import value, whole

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = {"tall": (40, 60, 16), "wide": (12, 9, 64), "mixed": (100, 20, 32),
         "long": (2600, 40, 16)}
ALEX = [(0, 1, 64, 11, 4, 2), (3, 2, 192, 5, 1, 2), (6, 3, 384, 3, 1, 1), (8, 4, 256, 3, 1, 1),
        (10, 5, 256, 3, 1, 1)]
VGG = [(place, slice, out, 3, 1, 1) for place, slice, out in (
    (0, 1, 64), (2, 1, 64), (5, 2, 128), (7, 2, 128), (10, 3, 256), (12, 3, 256), (14, 3, 256),
    (17, 4, 512), (19, 4, 512), (21, 4, 512), (24, 5, 512), (26, 5, 512), (28, 5, 512))]


def points(name, n, d):
    """single precision, as the program keeps them; the first number spreads most"""
    v = value(name, n * d).reshape(n, d) * (1 + 2 / (1 + np.arange(d))) + .5
    return v.astype(np.float32).astype(np.float64)


def kid(x, y):
    n, m = [len(x), len(y)], min(1000, len(x) // 2, len(y) // 2)
    g, r, wrong = np.random.default_rng(0), [], []
    for _ in range(100):
        a, b = (s[g.permutation(len(s))[:m]] for s in (x, y))
        k = lambda p, q: (p @ q.T / x.shape[1] + 1) ** 3
        aa, bb, ab = k(a, a), k(b, b), k(a, b)
        off = aa.sum() - np.trace(aa) + bb.sum() - np.trace(bb)
        r.append(off / (m * (m - 1)) - 2 * ab.sum() / m ** 2)
        wrong.append((aa.sum() + bb.sum() - 2 * ab.sum()) / m ** 2)
    return [np.mean(r), np.std(r), np.mean(wrong)]


def frechet(x, y, less=1):
    a, b = (np.cov(s, rowvar=False, ddof=less) for s in (x, y))
    root = linalg.sqrtm(a @ b).real
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * root)


def square(name):
    """1,3,256,256 in [-1,1]: blocks of 16 pixels with specks"""
    blocks = whole(name, 16 * 16 * 3, 0, 200).reshape(16, 16, 3).repeat(16, 0).repeat(16, 1)
    v = blocks + whole(name + " specks", 256 * 256 * 3, 0, 55).reshape(256, 256, 3)
    return torch.from_numpy(v / 127.5 - 1).permute(2, 0, 1)[None]


def point(network, x):
    W = {k: v.double() for k, v in
         load_file(os.path.join(HERE, "../../features", network + ".safetensors")).items()}
    x, separator = (x + 1) / 2, ""
    if network == "vgg16":
        t = lambda *v: torch.tensor(v, dtype=torch.float64)[:, None, None]
        x, separator = (x - t(.485, .456, .406)) / t(.229, .224, .225), "_"
    else:
        x = F.conv2d(x, W["conv0.weight"], W["conv0.bias"])
    for b, n in enumerate((2, 2, 3 if network == "vgg16" else 4, 1), 1):
        if b > 1:
            x = POOL[network](x, 2)
        for i in range(1, n + 1):
            name = f"conv{b}{separator}{i}"
            x = F.pad(x, (1,) * 4, mode="reflect")
            x = F.relu(F.conv2d(x, W[name + ".weight"], W[name + ".bias"]))
    return x.mean((0, 2, 3))


def pooling(network):
    """as the file's metadata has it"""
    import json
    from safetensors import safe_open
    with safe_open(os.path.join(HERE, "../../features", network + ".safetensors"), "pt") as f:
        average = json.loads(f.metadata()["fauve"])["network"]["pooling"] == "average"
    return F.avg_pool2d if average else F.max_pool2d


POOL = {n: pooling(n) for n in ("vgg16", "vgg19-small")}


def half(name, *s, scale, shift=0):
    """in PyTorch's order"""
    v = (value(name, int(np.prod(s))) + shift) * scale
    return torch.from_numpy(v.astype(np.float32)).half().double().reshape(s)


def lpips(trunk, a, b, wrong=None):
    t = lambda *v: torch.tensor(v, dtype=torch.float64)[:, None, None]
    x, total = torch.cat([a, b]), 0
    x = (x - t(-.030, -.088, -.188)) / t(.458, .448, .450)
    list_, before = (ALEX, (2, 3)) if trunk == "alex" else (VGG, (2, 3, 4, 5))
    for i, (place, slice, out, k, stride, pad) in enumerate(list_):
        name, c = f"net.slice{slice}.{place}", x.shape[1]
        if slice in before and list_[i - 1][1] < slice:
            x = F.max_pool2d(x, 3, 2) if trunk == "alex" else F.max_pool2d(x, 2)
        x = F.pad(x, (pad,) * 4, mode="reflect" if wrong == "mirrored" else "constant")
        w = half(name + ".weight", out, c, k, k, scale=(6 / (c * k * k)) ** .5)
        x = F.relu(F.conv2d(x, w, half(name + ".bias", out, scale=.1), stride=stride))
        if i + 1 == len(list_) or list_[i + 1][1] > slice:
            u = x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
            w = half(f"lin{slice - 1}.model.1.weight", 1, out, 1, 1, scale=.5, shift=1)
            d = (u[:1] - u[1:]).square()
            total += (d if wrong == "plain" else d * w).sum(1).mean()
    return total


def main():
    out = {}
    for name, (n, m, d) in CASES.items():
        x, y = points(name + " x", n, d), points(name + " y", m, d) * 1.1 + .05
        y = y.astype(np.float32).astype(np.float64)
        out[name + ".kid"] = torch.tensor(kid(x, y))
        out[name + ".frechet"] = torch.tensor([frechet(x, y), frechet(x, y, 0)])
    a, b = square("a"), square("b")
    for network in POOL:
        out[network + ".point"] = point(network, a)
    for trunk in ("alex", "vgg"):
        out["lpips." + trunk] = torch.stack([lpips(trunk, a, b, wrong)
                                             for wrong in (None, "mirrored", "plain")])
    for k, v in out.items():
        print(k, v[:3].tolist())
    save_file({k: v.double().contiguous() for k, v in out.items()},
              os.path.join(HERE, "feature.safetensors"))


if __name__ == "__main__":
    main()
