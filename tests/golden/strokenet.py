#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden forward of StrokeNet in PyTorch (float64), written to strokenet.safetensors.

    python3 tests/golden/strokenet.py                needs torch, numpy, safetensors

The file holds a tiny network's made-up weights, and x (1,3,H,W), z (1,4,H,W), output (1,3,H,W).
"""
import numpy as np
import torch
from safetensors.numpy import save_file
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
    h = h
    for i in range(sum(k.endswith(".a.weight") for k in P)):
        r = f"res.{i}."
        h = h + norm(conv(F.relu(norm(conv(h, r + "a"), r + "n")), r + "b"), r + "m")
    d = torch.cat([z, x], 1)
    h = F.interpolate(F.avg_pool2d(h, 4), scale_factor=8, mode="bilinear", align_corners=False)
    h = F.relu(conv(torch.cat([h, F.relu(conv(F.avg_pool2d(d, 2), "m2"))], 1), "u1"))
    h = F.relu(conv(torch.cat([up(h), F.relu(conv(d, "m1"))], 1), "u2"))
    h = F.relu(conv(torch.cat([h, d], 1), "u3"))
    return torch.tanh(conv(h, "head") + F.conv2d(1.3 * x, P["col.weight"], P["col.bias"]))


def tiny(w=4, k=3, nz=4, blocks=2):
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
    layer("stem", w, 3, 5), layer("d1", 2 * w, w, 3), layer("d2", 4 * w, 2 * w, 3)
    for i in range(blocks):
        for c, n in ("an", "bm"):
            conv(f"res.{i}.{c}", 4 * w, 4 * w, 3), norm(f"res.{i}.{n}", 4 * w)
    conv("m2", k, nz + 3, 3, True), conv("m1", k, nz + 3, 3, True)
    conv("u1", 2 * w, 4 * w + k, 3, True), conv("u2", w, 2 * w + k, 3, True), conv("u3", w, w + nz + 3, 3, True)
    conv("head", 3, w, 5, True), conv("col", 3, 3, 1, True)
    return P, r.uniform(-1, 1, (1, 3, 32, 48)), r.normal(size=(1, nz, 32, 48))


def main():
    P, x, z = tiny()
    t = lambda a: torch.from_numpy(np.asarray(a)).double()
    y = build({k: t(v) for k, v in P.items()}, t(x), t(z)).numpy()
    out = {k: np.ascontiguousarray(v, dtype=np.float32) for k, v in {**P, "x": x, "z": z, "output": y}.items()}
    save_file(out, __file__.replace(".py", ".safetensors"))


if __name__ == "__main__":
    main()
