# SPDX-License-Identifier: Apache-2.0
"""A training step of DCGAN, or an update of WGAN-GP's critic, whose loss has a gradient of a
gradient: 64x64 in colour, batch 32, width 64, noise of 100.
usage: dcgan.py MODE THREADS RUNS [penalty]; a mode joins words by -: eager or compile; cl (channels
last); autocast (bf16)"""
import common
import torch
from torch import nn
from torch.nn import functional as F

MODES = [a + b + c for a in ("eager", "compile") for b in ("", "-autocast") for c in ("", "-cl")]
NOISE = 100


def generator(c):
    m = [nn.ConvTranspose2d(NOISE, 8 * c, 4, 1, 0, bias=False)]
    for w in (8 * c, 4 * c, 2 * c):
        m += [nn.BatchNorm2d(w), nn.ReLU(True), nn.ConvTranspose2d(w, w // 2, 4, 2, 1, bias=False)]
    return nn.Sequential(*m, nn.BatchNorm2d(c), nn.ReLU(True),
                         nn.ConvTranspose2d(c, 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator(c, norm):
    m = [nn.Conv2d(3, c, 4, 2, 1, bias=not norm), nn.LeakyReLU(0.2, True)]
    for w in (c, 2 * c, 4 * c):
        m += [nn.Conv2d(w, 2 * w, 4, 2, 1, bias=not norm)]
        m += [nn.BatchNorm2d(2 * w)] if norm else []
        m += [nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*m, nn.Conv2d(8 * c, 1, 4, 1, 0, bias=not norm), nn.Flatten(0))


def bce(z, target):
    return F.binary_cross_entropy_with_logits(z, torch.full_like(z, target))


def main():
    mode, runs, more = common.arguments(MODES)
    width, batch = (8, 4) if common.DRY else (64, 32)
    penalty = bool(more)
    g, d = generator(width), discriminator(width, not penalty)
    x = torch.rand(batch, 3, 64, 64) * 2 - 1
    if "cl" in mode:
        g, d = (n.to(memory_format=torch.channels_last) for n in (g, d))
        x = x.contiguous(memory_format=torch.channels_last)
    betas = (0.5, 0.9) if penalty else (0.5, 0.999)
    opt_g, opt_d = (torch.optim.Adam(n.parameters(), 2e-4, betas) for n in (g, d))
    paint, judge = (torch.compile(n) for n in (g, d)) if "compile" in mode else (g, d)

    def step():
        z = torch.randn(batch, NOISE, 1, 1)
        with common.casting(mode):
            fake = paint(z)
            loss = bce(judge(x), 1.) + bce(judge(fake.detach()), 0.)
        common.update(opt_d, loss)
        d.requires_grad_(False)
        with common.casting(mode):
            loss = bce(judge(fake), 1.)
        common.update(opt_g, loss)
        d.requires_grad_(True)

    def critic():
        z = torch.randn(batch, NOISE, 1, 1)
        with common.casting(mode):
            with torch.no_grad():
                fake = paint(z)
            loss = judge(fake).mean() - judge(x).mean()
            a = torch.rand(batch, 1, 1, 1)
            between = (x + a * (fake - x)).requires_grad_()
            dx, = torch.autograd.grad(judge(between).sum(), between, create_graph=True)
            loss = loss + 10 * (((dx + 1e-16).flatten(1).norm(dim=1) - 1) ** 2).mean()
        common.update(opt_d, loss)

    common.report("wgan-gp" if penalty else "dcgan", critic if penalty else step, runs, 2)


if __name__ == "__main__":
    main()
