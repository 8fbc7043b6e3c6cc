#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden forward and backward of CycleGAN's generator, tiny, in PyTorch (float64), written to resnet.safetensors.

    python3 tests/golden/resnet.py           needs torch, numpy, safetensors

Weights and picture come from style.py's formula, which tests/golden/resnet.c computes too; the loss is the mean of output
times weights of the same formula. The file holds

    output              2,3,16,24
    grad.NAME, grad.x   gradients, PyTorch's layout
    wrong.padding, wrong.sampling   outputs with zeros around the residual blocks' pictures / the transposed convolutions
                                    shifted by a pixel: a test that cannot tell these from `output` is no test
"""
import numpy as np
import torch
from safetensors.numpy import save_file
from torch.nn import functional as F
from value import nhwc, value

WIDTH, BLOCKS = 4, 2


def weight(name, o, i, k):
    return nhwc(name, o, k, k, i, scale=(6 / (k * k * i)) ** .5).contiguous().requires_grad_()


def run(padding="reflect", shift=False):
    w, b, P = WIDTH, BLOCKS, {}
    def new(name, *shape):
        P[name + ".weight"] = weight(name + ".weight", *shape)
        return P[name + ".weight"]
    norm = lambda h: F.instance_norm(h)
    reflect = lambda h, n: F.pad(h, (n,) * 4, mode="reflect")
    x = nhwc("x", 2, 16, 24, 3).contiguous().requires_grad_()
    h = F.relu(norm(F.conv2d(reflect(x, 3), new("model.1", w, 3, 7))))
    h = F.relu(norm(F.conv2d(h, new("model.4", 2 * w, w, 3), stride=2, padding=1)))
    h = F.relu(norm(F.conv2d(h, new("model.7", 4 * w, 2 * w, 3), stride=2, padding=1)))
    around = lambda h: F.pad(h, (1,) * 4, mode=padding)
    for i in range(b):
        name = f"model.{10 + i}.conv_block."
        r = F.relu(norm(F.conv2d(around(h), new(name + "1", 4 * w, 4 * w, 3))))
        h = h + norm(F.conv2d(around(r), new(name + "5", 4 * w, 4 * w, 3)))
    for i, c in enumerate((4 * w, 2 * w)):
        h = F.conv_transpose2d(h, new(f"model.{10 + b + 3 * i}", c, c // 2, 3), stride=2, padding=1, output_padding=1)
        h = F.relu(norm(h.roll((1, 1), (2, 3)) if shift else h))
    name = f"model.{17 + b}"
    P[name + ".bias"] = torch.from_numpy(value(name + ".bias", 3) * .1).requires_grad_()
    y = torch.tanh(F.conv2d(reflect(h, 3), new(name, 3, w, 7), P[name + ".bias"]))
    (y * nhwc("weights of y", 2, 16, 24, 3)).mean().backward()
    return y, x, P


def main():
    y, x, P = run()
    f = lambda t: np.ascontiguousarray(t.detach().numpy().astype(np.float32))
    out = {"output": f(y), "grad.x": f(x.grad), "wrong.padding": f(run("constant")[0]), "wrong.sampling": f(run(shift=True)[0])}
    out.update({"grad." + n: f(p.grad) for n, p in P.items()})
    save_file(out, __file__.replace(".py", ".safetensors"))


if __name__ == "__main__":
    main()
