# SPDX-License-Identifier: Apache-2.0
"""A step of the textbook's dense pair, batch 1000: D on real, D on generated, G. usage: dense.py MODE THREADS RUNS"""
import common
import torch
from torch import nn
from torch.nn import functional as F

MODES = ("eager", "eager-autocast", "compile", "compile-autocast")
BATCH = 10 if common.DRY else 1000


def stack(sizes):
    m = []
    for a, b in zip(sizes, sizes[1:]):
        m += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*m[:-1])


def main():
    mode, runs, _ = common.arguments(MODES)
    G, D = nn.Sequential(stack((100, 256, 512, 1024, 784)), nn.Sigmoid()), stack((784, 1024, 512, 256, 1))
    og, od = (torch.optim.Adam(m.parameters(), 1e-3, fused=True) for m in (G, D))
    g, d = (torch.compile(m) if "compile" in mode else m for m in (G, D))
    x, one, zero = torch.rand(BATCH, 784), torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

    def update(optimiser, logits, label):
        optimiser.zero_grad(set_to_none=True)
        F.binary_cross_entropy_with_logits(logits().float(), label).backward()
        optimiser.step()

    def step():
        with common.casting(mode):
            update(od, lambda: d(x), one)
            with torch.no_grad():
                fake = g(torch.randn(BATCH, 100))
            update(od, lambda: d(fake), zero)
            D.requires_grad_(False)
            update(og, lambda: d(g(torch.randn(BATCH, 100))), one)
            D.requires_grad_(True)

    common.report("dense", step, runs, 3)


if __name__ == "__main__":
    main()
