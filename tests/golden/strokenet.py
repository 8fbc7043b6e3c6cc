#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden forward of StrokeNet in PyTorch (float64), written to strokenet.safetensors.

    python3 tests/golden/strokenet.py                                 needs torch, numpy, safetensors
    python3 tests/golden/strokenet.py WEIGHTS FIXTURE OUT             the same file from a trained painter's weights and a fixture
                                                                      (npz: smeared, noise, painted; N,C,H,W)

The file holds the weights, and x (1,3,H,W), z (1,widths,H,W), output (1,3,H,W). Without arguments a tiny network of made-up weights.
"""
import sys
import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch.nn import functional as F


def build(P, x, z):
    reflect = lambda h, n: F.pad(h, (n,) * 4, mode="reflect")
    conv = lambda h, name: F.conv2d(reflect(h, P[name + ".weight"].shape[2] // 2), P[name + ".weight"], P.get(name + ".bias"))
    norm = lambda h, name: F.instance_norm(h, weight=P[name + ".weight"], bias=P[name + ".bias"])
    layer = lambda h, name: F.relu(norm(conv(h, name + ".0"), name + ".1"))
    def blur(h):
        k = torch.tensor([1., 3., 3., 1.], dtype=h.dtype)
        k = (k[:, None] * k / k.sum() ** 2)[None, None].repeat(h.shape[1], 1, 1, 1)
        return F.conv2d(reflect(h, 1), k, stride=2, groups=h.shape[1])
    def up(h):
        y = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
        k = torch.tensor([1., 2., 1.], dtype=h.dtype)
        return F.conv2d(reflect(y, 1), (k[:, None] * k / 16)[None, None].repeat(y.shape[1], 1, 1, 1), groups=y.shape[1])
    h = blur(layer(blur(layer(layer(x, "stem"), "d1")), "d2"))
    h = h + conv(F.avg_pool2d(z, 4), "z4")
    for i in range(sum(k.endswith(".a.weight") for k in P)):
        r = f"res.{i}."
        h = h + norm(conv(F.relu(norm(conv(h, r + "a"), r + "n")), r + "b"), r + "m")
    h = layer(torch.cat([up(h), F.relu(conv(F.avg_pool2d(z, 2), "z2.0"))], 1), "u1")
    h = layer(torch.cat([up(h), F.relu(conv(z, "z1.0"))], 1), "u2")
    h = layer(torch.cat([h, z], 1), "u3")
    low = F.interpolate(F.conv2d(F.avg_pool2d(x, 8), P["col.weight"], P["col.bias"]), size=x.shape[2:], mode="bilinear", align_corners=False)
    return torch.tanh(conv(h, "head") + low)


def tiny(w=4, k=3, nz=2, blocks=2):
    r = np.random.default_rng(1)
    P = {}
    def conv(name, o, i, n, bias=False):
        P[name + ".weight"] = r.normal(size=(o, i, n, n)) * (2 / (n * n * i)) ** .5
        if bias:
            P[name + ".bias"] = r.normal(size=o) * .1
    def norm(name, o):
        P[name + ".weight"], P[name + ".bias"] = 1 + r.normal(size=o) * .2, r.normal(size=o) * .2
    def layer(name, o, i, n):
        conv(name + ".0", o, i, n), norm(name + ".1", o)
    layer("stem", w, 3, 5), layer("d1", 2 * w, w, 3), layer("d2", 4 * w, 2 * w, 3), conv("z4", 4 * w, nz, 3)
    for i in range(blocks):
        for c, n in ("an", "bm"):
            conv(f"res.{i}.{c}", 4 * w, 4 * w, 3), norm(f"res.{i}.{n}", 4 * w)
    conv("z2.0", k, nz, 3, True), conv("z1.0", k, nz, 3, True)
    layer("u1", 2 * w, 4 * w + k, 3), layer("u2", w, 2 * w + k, 3), layer("u3", w, w + nz, 3)
    conv("head", 3, w, 5, True), conv("col", 3, 3, 1, True)
    return P, r.uniform(-1, 1, (1, 3, 24, 40)), r.normal(size=(1, nz, 24, 40))


def main():
    if len(sys.argv) > 1:
        f = np.load(sys.argv[2])
        P, x, z = load_file(sys.argv[1]), f["smeared"], f["noise"]
    else:
        P, x, z = tiny()
    t = lambda a: torch.from_numpy(np.asarray(a)).double()
    y = build({k: t(v) for k, v in P.items()}, t(x), t(z)).numpy()
    if len(sys.argv) > 1:
        print("this script, off the fixture's painting by at most", abs(y - f["painted"]).max())
        y = f["painted"]
    out = {k: np.ascontiguousarray(v, dtype=np.float32) for k, v in {**P, "x": x, "z": z, "output": y}.items()}
    save_file(out, sys.argv[3] if len(sys.argv) > 1 else __file__.replace(".py", ".safetensors"))


if __name__ == "__main__":
    main()
