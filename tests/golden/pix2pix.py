#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A golden training run of pix2pix: ten steps in PyTorch, written to pix2pix.safetensors.

    python3 tests/golden/pix2pix.py         needs torch, numpy, safetensors

A U-Net of width 4 halved six times, a PatchGAN of width 4, pictures of 64x64, batch 2. Weights,
pictures and dropout's draws come from one formula (`value`) that tests/golden/pix2pix.c computes
too; the file holds results only:

    losses, losses64    10,3  D, adversary, L1; in float and in double
    moved, moved64      10,P  L2 norm of what each parameter has moved since the beginning, in the
                              order of `names`
    grads, grads64      2,P   of the first step: L2 norm of each gradient, and its product with the
                              formula's numbers
    running, running64  2,R   running values after the steps: their product with the formula's
                              numbers and their norm, in the order of `buffers`
    paint, paint64      3,K   what the trained generator makes of one picture, every 37th number:
                              by running values, by the picture's statistics, and so with dropout
    wrong.*             10,3  what the step is not: variance: unbiased in batch norm; order: the
                              generator first; pad: edges repeated around the U-Net's convolutions;
                              place: skips after what comes up
    wrong.running       2,R   running variances that follow the biased ones
"""
import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional as F
from value import nhwc, value

STEPS, SIZE, BATCH, WIDTH, DEPTH, EVERY = 10, 64, 2, 4, 6, 37


class Unbiased(nn.BatchNorm2d):
    """not what batch norm is"""

    def forward(self, x):
        mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, unbiased=True)
        y = (x - mean) / (var + self.eps).sqrt()
        return y * self.weight[:, None, None] + self.bias[:, None, None]


class Biased(nn.BatchNorm2d):
    """nor how its running values follow"""

    def forward(self, x):
        before, n = self.running_var.clone(), x.numel() / x.shape[1]
        y = super().forward(x)
        if self.training:
            self.running_var = 0.9 * before + (self.running_var - 0.9 * before) * (n - 1) / n
        return y


class Replicated(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), self.weight, self.bias, 2, 0)


class Drop(nn.Module):
    def forward(self, x):
        return x if self.mask is None else x * (self.mask > 0.5) * 2


class Level(nn.Module):
    """one level of the U-Net, and those below it inside"""

    def __init__(self, level, norm, conv, swap):
        super().__init__()
        c = [3] + [WIDTH * min(8, 2 ** i) for i in range(DEPTH)]
        self.outer, self.swap = level == 1, swap
        inner = level == DEPTH
        down = conv(c[level - 1], c[level], 4, 2, 1, bias=False)
        both = c[level] * (1 if inner else 2)
        up = nn.ConvTranspose2d(both, c[level - 1], 4, 2, 1, bias=self.outer)
        below = [] if inner else [Level(level + 1, norm, conv, swap)]
        if self.outer:
            self.model = nn.Sequential(down, *below, nn.ReLU(True), up, nn.Tanh())
        elif inner:
            self.model = nn.Sequential(nn.LeakyReLU(0.2, True), down, nn.ReLU(True), up,
                                       norm(c[level - 1]))
        else:
            drop = [Drop()] if 5 <= level else []
            self.model = nn.Sequential(nn.LeakyReLU(0.2, True), down, norm(c[level]), *below,
                                       nn.ReLU(True), up, norm(c[level - 1]), *drop)

    def forward(self, x):
        if self.outer:
            return self.model(x)
        y = self.model(x)
        return torch.cat([y, x] if self.swap else [x, y], 1)


class Unet(nn.Module):
    def __init__(self, norm, conv, swap):
        super().__init__()
        self.model = Level(1, norm, conv, swap)

    def forward(self, x):
        return self.model(x)


class Patch(nn.Module):
    def __init__(self, norm):
        super().__init__()
        c = WIDTH
        m = [nn.Conv2d(6, c, 4, 2, 1), nn.LeakyReLU(0.2)]
        for a, b, s in ((c, 2 * c, 2), (2 * c, 4 * c, 2), (4 * c, 8 * c, 1)):
            m += [nn.Conv2d(a, b, 4, s, 1, bias=False), norm(b), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*m, nn.Conv2d(8 * c, 1, 4, 1, 1))

    def forward(self, x):
        return self.model(x)


def flat(t):
    """in fauve's layout: O,KH,KW,I; a transposed convolution's weight is I,KH,KW,O"""
    return (t.permute(0, 2, 3, 1) if t.dim() == 4 else t).detach().double().reshape(-1).numpy()


def begin(name, p, dtype):
    scale, shift = (0.1, 0) if p.dim() == 4 else (0.05, 1 if name.endswith("weight") else 0)
    shape = [p.shape[i] for i in (0, 2, 3, 1)] if p.dim() == 4 else list(p.shape)
    v = torch.from_numpy(value(name, p.numel()) * scale + shift).to(torch.float32)
    v = v.reshape(shape).to(dtype)
    return v.permute(0, 3, 1, 2) if p.dim() == 4 else v


def picture(name, dtype, n=BATCH):
    return nhwc(name, n, SIZE, SIZE, 3).to(torch.float32).to(dtype)


def mask(name, dtype, n=BATCH):
    draws = nhwc(name, n, SIZE // 16, SIZE // 16, 8 * WIDTH) * 0.5 + 0.5
    return draws.to(torch.float32).to(dtype)


def run(dtype, wrong=None):
    norm = {"variance": Unbiased, "running": Biased}.get(wrong, nn.BatchNorm2d)
    g = Unet(norm, Replicated if wrong == "pad" else nn.Conv2d, wrong == "place").to(dtype)
    d = Patch(norm).to(dtype)
    drop = [m for m in g.modules() if isinstance(m, Drop)]
    params = {f"{k}.{n}": p for k, m in (("G", g), ("D", d)) for n, p in m.named_parameters()}
    first = {}
    with torch.no_grad():
        for n, p in params.items():
            p.copy_(begin(n, p, dtype))
            first[n] = p.detach().clone()
    opt_g, opt_d = (torch.optim.Adam(m.parameters(), 2e-4, (0.5, 0.999)) for m in (g, d))
    losses, moved, grads = [], [], None

    def against(x, target):
        return F.binary_cross_entropy_with_logits(x, torch.full_like(x, target))

    for step in range(STEPS):
        a, b = (picture(f"step {step} {k}", dtype) for k in "ab")
        for m in drop:
            m.mask = mask(f"step {step} drop", dtype)
        fake = g(a)
        row = {}

        def judge():
            opt_d.zero_grad()
            of_fake = against(d(torch.cat([a, fake.detach()], 1)), 0)
            l = 0.5 * (of_fake + against(d(torch.cat([a, b], 1)), 1))
            l.backward()
            row["d"] = float(l.detach())

        def paint():
            opt_g.zero_grad()
            adv, l1 = against(d(torch.cat([a, fake], 1)), 1), F.l1_loss(fake, b)
            (adv + 100 * l1).backward()
            row["adv"], row["l1"] = float(adv.detach()), float(l1.detach())

        def note(which):
            return {n: flat(p.grad) for n, p in params.items() if n[0] == which}

        seen = {}
        parts = (judge, opt_d, "D"), (paint, opt_g, "G")
        for what, opt, which in parts[::-1] if wrong == "order" else parts:
            what()
            seen.update(note(which))
            opt.step()
        if not step:
            grads = [[np.linalg.norm(seen[n]) for n in params],
                     [seen[n] @ value("along " + n, len(seen[n])) for n in params]]
        losses.append([row[k] for k in ("d", "adv", "l1")])
        moved.append([float((p.detach() - first[n]).double().norm()) for n, p in params.items()])
    buffers = {"G." + n: flat(v) for n, v in g.named_buffers() if n.endswith(("mean", "var"))}
    running = [[v @ value("along " + n, len(v)) for n, v in buffers.items()],
               [np.linalg.norm(v) for v in buffers.values()]]
    paint = []
    with torch.no_grad():
        for train, dropped in ((False, False), (True, False), (True, True)):
            g.train(train)
            for m in drop:
                m.mask = mask("last drop", dtype, 1) if dropped else None
            paint.append(flat(g(picture("last", dtype, 1)))[::EVERY])
    return dict(losses=losses, moved=moved, grads=grads, running=running, paint=paint,
                names=list(params), buffers=list(buffers))


def main():
    f32, f64 = run(torch.float32), run(torch.float64)
    names = {k: " ".join(f32.pop(k)) for k in ("names", "buffers")}
    out = {**f32, **{k + "64": v for k, v in f64.items() if k not in names}}
    for w in ("variance", "order", "pad", "place"):
        out["wrong." + w] = run(torch.float32, w)["losses"]
    out["wrong.running"] = run(torch.float32, "running")["running"]
    arrays = {k: np.array(v, np.float32) for k, v in out.items()}
    save_file(arrays, "pix2pix.safetensors", metadata=names)
    print(np.round(arrays["losses"], 4), np.abs(arrays["losses"] - arrays["losses64"]).max())


if __name__ == "__main__":
    main()
