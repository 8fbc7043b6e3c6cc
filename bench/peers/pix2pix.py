# SPDX-License-Identifier: Apache-2.0
"""A training step of pix2pix, 256x256, batch 1. usage: pix2pix.py MODE THREADS RUNS [SIDE]; a mode
joins words by -: eager or compile; cl (channels last); autocast (bf16)"""
import common
import torch
from torch import nn
from torch.nn import functional as F

MODES = [a + b + c for a in ("eager", "compile") for b in ("", "-autocast") for c in ("", "-cl")]


class Level(nn.Module):
    """one level of the U-Net, and those below it inside"""

    def __init__(self, level, depth, width):
        super().__init__()
        c = [3] + [width * min(8, 2 ** i) for i in range(depth)]
        inner, self.outer = level == depth, level == 1
        down = nn.Conv2d(c[level - 1], c[level], 4, 2, 1, bias=False)
        both = c[level] * (1 if inner else 2)
        up = nn.ConvTranspose2d(both, c[level - 1], 4, 2, 1, bias=self.outer)
        below = [] if inner else [Level(level + 1, depth, width)]
        enter = [] if self.outer else [nn.LeakyReLU(0.2, True)]
        norm = [] if self.outer or inner else [nn.BatchNorm2d(c[level])]
        leave = [nn.Tanh()] if self.outer else [nn.BatchNorm2d(c[level - 1])]
        drop = [nn.Dropout(0.5)] if level >= 5 and not inner else []
        self.model = nn.Sequential(*enter, down, *norm, *below, nn.ReLU(True), up, *leave, *drop)

    def forward(self, x):
        return self.model(x) if self.outer else torch.cat([x, self.model(x)], 1)


def patchgan(c):
    m = [nn.Conv2d(6, c, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for a, b, s in ((c, 2 * c, 2), (2 * c, 4 * c, 2), (4 * c, 8 * c, 1)):
        m += [nn.Conv2d(a, b, 4, s, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*m, nn.Conv2d(8 * c, 1, 4, 1, 1))


def against(x, target):
    return F.binary_cross_entropy_with_logits(x, torch.full_like(x, target))


def main():
    mode, runs, more = common.arguments(MODES)
    width, side = (8, 64) if common.DRY else (64, int(more[0]) if more else 256)
    depth = min(8, (side & -side).bit_length() - 1)
    nets = [Level(1, depth, width), patchgan(width)]
    a, b = torch.rand(1, 3, side, side) * 2 - 1, torch.rand(1, 3, side, side) * 2 - 1
    if "cl" in mode:
        nets = [n.to(memory_format=torch.channels_last) for n in nets]
        a, b = (x.contiguous(memory_format=torch.channels_last) for x in (a, b))
    opt_g, opt_d = (torch.optim.Adam(n.parameters(), 2e-4, (0.5, 0.999)) for n in nets)
    learnt = list(nets[1].parameters())
    g, d = (torch.compile(n) if "compile" in mode else n for n in nets)

    def step():
        with common.casting(mode):
            fake = g(a)
        for p in learnt:
            p.requires_grad_(True)
        opt_d.zero_grad()
        with common.casting(mode):
            of_fake = against(d(torch.cat([a, fake.detach()], 1)), 0)
            loss = (of_fake + against(d(torch.cat([a, b], 1)), 1)) / 2
        loss.backward()
        opt_d.step()
        for p in learnt:
            p.requires_grad_(False)
        opt_g.zero_grad()
        with common.casting(mode):
            loss = against(d(torch.cat([a, fake], 1)), 1) + 100 * F.l1_loss(fake, b)
        loss.backward()
        opt_g.step()

    common.report("pix2pix", step, runs, 2)


if __name__ == "__main__":
    main()
