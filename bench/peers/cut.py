# SPDX-License-Identifier: Apache-2.0
"""A training step of CUT, small: 128x128, batch 1, width 32, 6 blocks, heads of 256, 256 places.
usage: cut.py MODE THREADS RUNS; a mode joins words by -: eager or compile; cl (channels last);
autocast (bf16)"""
import common
import torch
from torch import nn
from torch.nn import functional as F
from resnet import Block, norm

MODES = ("eager", "eager-cl", "eager-autocast", "eager-autocast-cl", "compile", "compile-cl",
         "compile-autocast")
PLACES, HEADS = 256, 256


class Halve(nn.Module):
    def __init__(self, c):
        super().__init__()
        k = torch.tensor([1., 2., 1.]) / 4
        self.register_buffer("k", (k[:, None] * k)[None, None].repeat(c, 1, 1, 1))

    def forward(self, x):
        return F.conv2d(F.pad(x, (1,) * 4, "reflect"), self.k, stride=2, groups=x.shape[1])


class Generator(nn.Module):
    def __init__(self, c, blocks):
        super().__init__()
        m = [nn.ReflectionPad2d(3), nn.Conv2d(3, c, 7), norm(c), nn.ReLU(True)]
        for w in (c, 2 * c):
            m += [nn.Conv2d(w, 2 * w, 3, 1, 1), norm(2 * w), nn.ReLU(True), Halve(2 * w)]
        m += [Block(4 * c) for _ in range(blocks)]
        for w in (4 * c, 2 * c):
            m += [nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(w, w // 2, 3, 1, 1),
                  norm(w // 2), nn.ReLU(True)]
        self.model = nn.Sequential(*m, nn.ReflectionPad2d(3), nn.Conv2d(c, 3, 7), nn.Tanh())
        self.taps = 0, 4, 8, 12, 12 + min(5, blocks) - 1

    def forward(self, x):
        """the painting, and the maps on the way"""
        maps = []
        for i, layer in enumerate(self.model):
            x = layer(x)
            if i in self.taps:
                maps.append(x)
        return x, maps


class Encoder(nn.Module):
    """the maps only; its layers are the generator's"""
    def __init__(self, g):
        super().__init__()
        self.model, self.taps = g.model[:g.taps[-1] + 1], g.taps

    forward = Generator.forward


def patchgan(c):
    m = [nn.Conv2d(3, c, 4, 1, 1), nn.LeakyReLU(0.2, True), Halve(c)]
    for a, b in ((c, 2 * c), (2 * c, 4 * c)):
        m += [nn.Conv2d(a, b, 4, 1, 1), norm(b), nn.LeakyReLU(0.2, True), Halve(b)]
    m += [nn.Conv2d(4 * c, 8 * c, 4, 1, 1), norm(8 * c), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*m, nn.Conv2d(8 * c, 1, 4, 1, 1))


def heads(c):
    head = lambda i: nn.Sequential(nn.Linear(i, HEADS), nn.ReLU(), nn.Linear(HEADS, HEADS))
    return nn.ModuleList(head(i) for i in (3, 2 * c, 4 * c, 4 * c, 4 * c))


def contrast(f, keys, query):
    loss = 0
    for head, k, q in zip(f, keys, query):
        at = torch.randperm(k.shape[2] * k.shape[3])[:PLACES]
        k, q = (head(m.flatten(2)[:, :, at].transpose(1, 2)).float() for m in (k.detach(), q))
        k, q = (v / (v.pow(2).sum(2, keepdim=True).sqrt() + 1e-7) for v in (k.detach(), q))
        own, others = (q * k).sum(2, keepdim=True), q @ k.transpose(1, 2)
        others = others.masked_fill(torch.eye(q.shape[1], dtype=torch.bool), -10.0)
        logits = torch.cat((own, others), 2).flatten(0, 1) / 0.07
        loss = loss + F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))
    return loss / len(keys)


def against(x, target):
    return F.mse_loss(x, torch.full_like(x, target))


def main():
    mode, runs, _ = common.arguments(MODES)
    width, blocks, side = (8, 2, 64) if common.DRY else (32, 6, 128)
    g, d, f = Generator(width, blocks), patchgan(width), heads(width)
    x, y = torch.rand(1, 3, side, side) * 2 - 1, torch.rand(1, 3, side, side) * 2 - 1
    if "cl" in mode:
        last = torch.channels_last
        g, d = g.to(memory_format=last), d.to(memory_format=last)
        x, y = x.contiguous(memory_format=last), y.contiguous(memory_format=last)
    opt_d = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999))
    opt_g = torch.optim.Adam([*g.parameters(), *f.parameters()], 2e-4, (0.5, 0.999))
    nets = g, d, Encoder(g)
    paint, judge, encode = (torch.compile(n) for n in nets) if "compile" in mode else nets

    def step():
        with common.casting(mode):
            # As fauve does: what is painted gives the keys on the way.
            both, maps = paint(torch.cat((x, y)))
            fake, same = both[:1], both[1:]
            loss = (against(judge(fake.detach()), 0) + against(judge(y), 1)) / 2
        common.update(opt_d, loss)
        d.requires_grad_(False)
        with common.casting(mode):
            _, query = encode(both)
            loss = against(judge(fake), 1)
            for i in range(2):
                part = slice(i, i + 1)
                loss = loss + contrast(f, [m[part] for m in maps], [q[part] for q in query]) / 2
        common.update(opt_g, loss)
        d.requires_grad_(True)

    common.report("cut", step, runs, 2)


if __name__ == "__main__":
    main()
