# SPDX-License-Identifier: Apache-2.0
"""A training step of CycleGAN, 256x256, batch 1. usage: cyclegan.py MODE THREADS RUNS [SIDE]; a mode joins words by -:
eager or compile; cl (channels last); autocast (bf16)"""
import itertools
import common
import torch
from torch import nn
from torch.nn import functional as F
from resnet import norm, resnet

MODES = ("eager", "eager-cl", "eager-autocast", "eager-autocast-cl", "compile", "compile-cl", "compile-autocast", "compile-autocast-cl")


def patchgan(c=64):
    m = [nn.Conv2d(3, c, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for a, b, s in ((c, 2 * c, 2), (2 * c, 4 * c, 2), (4 * c, 8 * c, 1)):
        m += [nn.Conv2d(a, b, 4, s, 1), norm(b), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*m, nn.Conv2d(8 * c, 1, 4, 1, 1))


def against(x, target):
    return F.mse_loss(x, torch.full_like(x, target))


def main():
    mode, runs, more = common.arguments(MODES)
    width, blocks, side = (8, 1, 64) if common.DRY else (64, 9, int(more[0]) if more else 256)
    nets = [resnet(width, blocks), resnet(width, blocks), patchgan(width), patchgan(width)]
    a, b = torch.rand(1, 3, side, side) * 2 - 1, torch.rand(1, 3, side, side) * 2 - 1
    if "cl" in mode:
        nets = [n.to(memory_format=torch.channels_last) for n in nets]
        a, b = a.contiguous(memory_format=torch.channels_last), b.contiguous(memory_format=torch.channels_last)
    painters, judges = [list(itertools.chain(*(n.parameters() for n in nets[i:i + 2]))) for i in (0, 2)]
    opt_g, opt_d = (torch.optim.Adam(p, 2e-4, (0.5, 0.999)) for p in (painters, judges))
    ga, gb, da, db = (torch.compile(n) if "compile" in mode else n for n in nets)

    def step():
        with common.casting(mode):
            for p in judges:
                p.requires_grad_(False)
            fake_b, fake_a = ga(a), gb(b)
            loss = (against(da(fake_b), 1) + against(db(fake_a), 1) + 10 * (F.l1_loss(gb(fake_b), a) + F.l1_loss(ga(fake_a), b))
                    + 5 * (F.l1_loss(ga(b), b) + F.l1_loss(gb(a), a)))
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
        for p in judges:
            p.requires_grad_(True)
        opt_d.zero_grad()
        for d, real, fake in ((da, b, fake_b), (db, a, fake_a)):
            with common.casting(mode):
                loss = (against(d(real), 1) + against(d(fake.detach()), 0)) / 2
            loss.backward()
        opt_d.step()

    common.report("cyclegan", step, runs, 2)


if __name__ == "__main__":
    main()
