#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A golden training run of CycleGAN's step: ten steps in PyTorch, written to cyclegan.safetensors.

    python3 tests/golden/cyclegan.py         needs torch, numpy, safetensors

Painters of width 8 with two blocks, judges of width 8, pictures of 32x32, batch 2, no pool. Weights and pictures come from one
formula (`value`) that tests/golden/cyclegan.c computes too; the file holds results only:

    losses, losses64    10,8  adversary, cycle, identity of G_A's way, of G_B's; D_A, D_B; in float and in double
    moved, moved64      10,P  L2 norm of what each parameter has moved since the beginning, in the order of `names`
    wrong.*             10,8  what the step is not: first: judges before painters; sum: the judges' losses not halved;
                             pad: zeros around the 3x3 convolutions
"""
import itertools
import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional as F
from value import value

STEPS, SIZE, BATCH, WIDTH, BLOCKS = 10, 32, 2, 8, 2


def norm(c):
    return nn.InstanceNorm2d(c)


class Block(nn.Module):
    def __init__(self, c, pad):
        super().__init__()
        self.conv_block = nn.Sequential(pad(1), nn.Conv2d(c, c, 3, bias=False), norm(c), nn.ReLU(), pad(1), nn.Conv2d(c, c, 3, bias=False), norm(c))

    def forward(self, x):
        return x + self.conv_block(x)


class Painter(nn.Module):
    def __init__(self, pad=nn.ReflectionPad2d):
        super().__init__()
        c = WIDTH
        m = [nn.ReflectionPad2d(3), nn.Conv2d(3, c, 7, bias=False), norm(c), nn.ReLU()]
        for w in (c, 2 * c):
            m += [nn.Conv2d(w, 2 * w, 3, 2, 1, bias=False), norm(2 * w), nn.ReLU()]
        m += [Block(4 * c, pad) for _ in range(BLOCKS)]
        for w in (4 * c, 2 * c):
            m += [nn.ConvTranspose2d(w, w // 2, 3, 2, 1, output_padding=1, bias=False), norm(w // 2), nn.ReLU()]
        self.model = nn.Sequential(*m, nn.ReflectionPad2d(3), nn.Conv2d(c, 3, 7), nn.Tanh())

    def forward(self, x):
        return self.model(x)


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        c = WIDTH
        m = [nn.Conv2d(3, c, 4, 2, 1), nn.LeakyReLU(0.2)]
        for a, b, s in ((c, 2 * c, 2), (2 * c, 4 * c, 2), (4 * c, 8 * c, 1)):
            m += [nn.Conv2d(a, b, 4, s, 1, bias=False), norm(b), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*m, nn.Conv2d(8 * c, 1, 4, 1, 1))

    def forward(self, x):
        return self.model(x)


def run(dtype, wrong=None):
    pad = nn.ZeroPad2d if wrong == "pad" else nn.ReflectionPad2d
    nets = {"G_A": Painter(pad), "G_B": Painter(pad), "D_A": Judge(), "D_B": Judge()}
    params = {f"{k}.{n}": p for k, m in nets.items() for n, p in m.to(dtype).named_parameters()}
    begin = {}
    with torch.no_grad():
        for n, p in params.items():
            # the formula counts in fauve's layout: O,KH,KW,I; a transposed convolution's weight is I,KH,KW,O
            shape = [p.shape[i] for i in (0, 2, 3, 1)] if p.dim() == 4 else list(p.shape)
            v = torch.from_numpy(value(n, p.numel()) * (0.1 if p.dim() == 4 else 0.05)).to(torch.float32).reshape(shape).to(dtype)
            p.copy_(v.permute(0, 3, 1, 2) if p.dim() == 4 else v)
            begin[n] = p.detach().clone()
    g, d = ([p for n, p in params.items() if n[0] == k] for k in "GD")
    opt_g, opt_d = (torch.optim.Adam(p, 2e-4, (0.5, 0.999)) for p in (g, d))
    ga, gb, da, db = nets.values()
    losses, moved = [], []

    def against(x, target):
        return ((x - target) ** 2).mean()

    for step in range(STEPS):
        a, b = (torch.from_numpy(value(f"step {step} {k}", BATCH * SIZE * SIZE * 3)).to(torch.float32).reshape(BATCH, SIZE, SIZE, 3).permute(0, 3, 1, 2).to(dtype)
                for k in "ab")
        row, fakes = [], []

        def judges():
            out = []
            opt_d.zero_grad()
            for judge, real, fake in ((da, b, fakes[0]), (db, a, fakes[1])):
                l = (against(judge(real), 1) + against(judge(fake.detach()), 0)) / (1 if wrong == "sum" else 2)
                l.backward()
                out.append(float(l.detach()))
            opt_d.step()
            return out

        def painters():
            total, out = 0, []
            for x, y, there, back, judge in ((a, b, ga, gb, da), (b, a, gb, ga, db)):
                fake = there(x)
                parts = against(judge(fake), 1), F.l1_loss(back(fake), x), F.l1_loss(there(y), y)
                total = total + parts[0] + 10 * parts[1] + 5 * parts[2]
                out += [float(p.detach()) for p in parts]
            opt_g.zero_grad()
            total.backward()
            opt_g.step()
            return out

        fakes = [ga(a), gb(b)]
        if wrong == "first":
            j = judges()
            row = painters() + j
        else:
            row = painters()
            row += judges()
        losses.append(row)
        moved.append([float((p.detach() - begin[n]).double().norm()) for n, p in params.items()])
    return losses, moved, list(params)


def main():
    f32, f64 = run(torch.float32), run(torch.float64)
    out = dict(losses=f32[0], losses64=f64[0], moved=f32[1], moved64=f64[1])
    for w in ("first", "sum", "pad"):
        out["wrong." + w] = run(torch.float32, w)[0]
    save_file({k: np.array(v, np.float32) for k, v in out.items()}, "cyclegan.safetensors", metadata={"names": " ".join(f32[2])})
    print(np.round(np.array(f32[0]), 4), np.abs(np.array(f32[0]) - np.array(f64[0])).max())


if __name__ == "__main__":
    main()
