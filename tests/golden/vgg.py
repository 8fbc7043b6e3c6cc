#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden features of the frozen networks in features/, in PyTorch (float64), written to vgg.safetensors.

    python3 tests/golden/vgg.py              needs torch, numpy, safetensors

The picture, 1,3,35,42 (odd: pooling rounds down), comes from value.py's formula, which tests/golden/vgg.c computes too. The
file holds, for NETWORK vgg16 or vgg19-small and POOLING max or average,

    NETWORK.POOLING.relu4_1     features; of vgg16.average also relu3_1
    NETWORK.POOLING.grad        gradient by the picture of the mean of relu4_1 times weights of the formula
    wrong.padding               the small one's relu4_1, by maximum, with zeros around: a test that cannot tell it from the right one is no test
"""
import os
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from value import nhwc

HERE = os.path.dirname(os.path.abspath(__file__))


def run(network, pooling, padding="reflect"):
    W = {k: v.double() for k, v in load_file(os.path.join(HERE, "../../features", network + ".safetensors")).items()}
    p = (nhwc("picture", 1, 35, 42, 3) * .9).contiguous().requires_grad_()
    x, separator, out = (p + 1) / 2, "", {}
    if network == "vgg16":
        t = lambda *v: torch.tensor(v, dtype=torch.float64)[:, None, None]
        x, separator = (x - t(.485, .456, .406)) / t(.229, .224, .225), "_"
    else:
        x = F.conv2d(x, W["conv0.weight"], W["conv0.bias"])
    for b, n in enumerate((2, 2, 3 if network == "vgg16" else 4, 1), 1):
        if b > 1:
            x = F.max_pool2d(x, 2) if pooling == "max" else F.avg_pool2d(x, 2)
        for i in range(1, n + 1):
            name = f"conv{b}{separator}{i}"
            x = F.relu(F.conv2d(F.pad(x, (1,) * 4, mode=padding), W[name + ".weight"], W[name + ".bias"]))
            if i == 1:
                out[f"relu{b}_1"] = x
    (x * nhwc("weights of relu4_1", x.shape[0], x.shape[2], x.shape[3], x.shape[1])).mean().backward()
    return {**out, "grad": p.grad}


def main():
    out = {}
    for network in ("vgg16", "vgg19-small"):
        for pooling in ("max", "average"):
            for k, v in run(network, pooling).items():
                if k in ("grad", "relu4_1") or (network, pooling, k) == ("vgg16", "average", "relu3_1"):
                    out[f"{network}.{pooling}.{k}"] = v
    out["wrong.padding"] = run("vgg19-small", "max", "constant")["relu4_1"]
    save_file({k: v.detach().float().contiguous() for k, v in out.items()}, os.path.join(HERE, "vgg.safetensors"))


if __name__ == "__main__":
    main()
