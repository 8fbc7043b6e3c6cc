#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A golden training run of SinCUT's step: ten steps in PyTorch, written to sincut.safetensors.

    python3 tests/golden/sincut.py         needs torch, numpy, safetensors

Painter of width 6, two blocks a half, judge of width 3, heads of 16, crops of 16x16, batch 4. Weights, pictures and noise
come from one formula (`value`) that tests/golden/sincut.c computes too; the file holds results only:

    losses, losses64    10,6 D, R1, adversary, NCE of the photograph, of the painting, pixels; in float and in double
    painted             what G makes of the photograph's crops before the first step, N,H,W,C
    grad.NAME           first step's gradients, fauve's layout, every third number; NAME in the order of `names`
    moved, moved64      10,P L2 norm of what each parameter has moved since the beginning
    wrong.*             10,6 what the step is not: order: G before D; pad: mirrored instead of zeros; single: the penalty
                        without the gradient's own gradient; alone: places told from those of their own crop
"""
import math
import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional as F
from value import nhwc, value

STEPS, SIZE, BATCH, WIDTH, BLOCKS, DISC, HEADS, EVERY = 10, 16, 4, 6, 2, 3, 16, 3
PAD = "constant"


def around(x, n):
    return F.pad(x, (n,) * 4, PAD)


def blur(x, pad, gain=1):
    k = torch.tensor([1., 3, 3, 1], dtype=x.dtype) / 8
    k = (gain * k[:, None] * k)[None, None].repeat(x.shape[1], 1, 1, 1)
    return F.conv2d(F.pad(x, (pad,) * 4), k, groups=x.shape[1])


class Weight(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))
        self.by = 1 / math.sqrt(np.prod(shape[1:]))

    def forward(self, x, **how):
        return F.conv2d(x, self.weight * self.by, **how)


class Bias(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, c, 1, 1))

    def forward(self, x):
        return F.leaky_relu(x + self.bias, 0.2) * 2 ** 0.5


class Layer(nn.Sequential):
    def __init__(self, i, o, k):
        super().__init__(Weight(o, i, k, k), Bias(o))
        self.pad = k // 2

    def forward(self, x):
        return self[1](self[0](around(x, self.pad)))


class Residual(nn.Module):
    def __init__(self, i, o, halve):
        super().__init__()
        self.conv1 = Layer(i, i, 3)
        self.halve = halve
        if halve:
            self.conv2 = nn.ModuleDict({"1": Weight(o, i, 3, 3), "2": Bias(o)})
            self.skip = nn.ModuleDict({"1": Weight(o, i, 1, 1)})
        else:
            self.conv2 = Layer(i, o, 3)

    def forward(self, x):
        h = self.conv1(x)
        if not self.halve:
            return (self.conv2(h) + x) / math.sqrt(2)
        h = self.conv2["2"](self.conv2["1"](blur(h, 2), stride=2))
        return (h + self.skip["1"](blur(x, 1), stride=2)) / math.sqrt(2)


class Double(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        # as a transposed convolution's lies: I,O,KH,KW
        self.conv = nn.ParameterDict({"weight": torch.zeros(i, o, 3, 3)})
        self.noise = nn.ParameterDict({"weight": torch.zeros(1)})
        self.activate = Bias(o)

    def forward(self, x, noise):
        w = self.conv["weight"] / math.sqrt(9 * x.shape[1])
        w = w * torch.rsqrt(w.pow(2).sum((0, 2, 3), keepdim=True) + 1e-8)
        h = blur(F.conv_transpose2d(x, w, stride=2), 1, 4)
        return self.activate(h + self.noise["weight"] * noise)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        c = WIDTH
        block = lambda: Residual(2 * c, 2 * c, False)
        one = [nn.Identity(), Layer(3, c, 1), Residual(c, 2 * c, True)] + [block() for _ in range(BLOCKS)]
        two = [block() for _ in range(BLOCKS)] + [Double(2 * c, c), Layer(c, 3, 1)]
        self.encoder = nn.ModuleDict({"convs": nn.Sequential(*one)})
        self.decoder = nn.ModuleDict({"convs": nn.ModuleList(two)})

    def forward(self, x, noise):
        h = self.encoder["convs"](x)
        for layer in self.decoder["convs"]:
            h = layer(h, noise) if isinstance(layer, Double) else layer(h)
        return h

    def maps(self, x):
        out = []
        for i, layer in enumerate(self.encoder["convs"][:5]):
            x = layer(x)
            if i in (0, 2, 4):
                out.append(x)
        return out


class Dense(nn.Module):
    def __init__(self, i, o, k, act):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(o, i, k, k)), nn.Parameter(torch.zeros(1, o, 1, 1))
        self.act = act

    def forward(self, x):
        h = F.linear(x.flatten(1), self.weight.flatten(1) / math.sqrt(self.weight[0].numel()))
        h = h[:, :, None, None] + self.bias
        return F.leaky_relu(h, 0.2) * 2 ** 0.5 if self.act else h


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        c, most, size = DISC, 12 * DISC, SIZE
        convs = [Layer(3, c, 1)]
        while size > 4:
            convs.append(Residual(c, min(2 * c, most), True))
            c, size = min(2 * c, most), size // 2
        self.convs = nn.Sequential(*convs)
        self.final_conv = Layer(c, most, 3)
        self.final_linear = nn.Sequential(Dense(most, most, 4, True), Dense(most, 1, 1, False))

    def forward(self, x):
        return self.final_linear(self.final_conv(self.convs(x)))


def heads():
    return nn.ModuleDict({f"mlp_{i}": nn.Sequential(nn.Linear(c, HEADS), nn.ReLU(), nn.Linear(HEADS, HEADS))
                          for i, c in enumerate((3, 2 * WIDTH, 2 * WIDTH))})


def place(layer, step, art, count):
    return (7 * layer + 11 * step + 3 * art) % count


def fauve(t):
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t


def run(dtype, wrong=None):
    global PAD
    PAD = "reflect" if wrong == "pad" else "constant"
    g, d, f = Generator(), Discriminator(), heads()
    params = {f"{k}.{n}": p for k, m in (("G", g), ("F", f), ("D", d)) for n, p in m.to(dtype).named_parameters()}
    begin = {}
    with torch.no_grad():
        for n, p in params.items():
            scale = 0.05 if n.endswith("bias") else 0.5 if n[0] == "F" else 1.7
            v = torch.from_numpy(value(n, p.numel()) * scale).to(torch.float32).reshape(list(fauve(p).shape)).to(dtype)
            p.copy_(v.permute(0, 3, 1, 2) if p.dim() == 4 else v)
            begin[n] = p.detach().clone()
    opt_d = torch.optim.Adam(d.parameters(), 2e-3, (0., 0.99))
    opt_g = torch.optim.Adam([*g.parameters(), *f.parameters()], 2e-3, (0., 0.99))
    losses, moved, first = [], [], {}

    def nce(source, result, step, art):
        total = 0
        for i, (k, q) in enumerate(zip(g.maps(source), g.maps(result))):
            at = place(i, step, art, k.shape[2] * k.shape[3])
            k, q = (f[f"mlp_{i}"](m.flatten(2)[:, :, at]) for m in (k, q))
            k, q = (v / (v.pow(2).sum(1, keepdim=True).sqrt() + 1e-7) for v in (k.detach(), q))
            own, others = (q * k).sum(1, keepdim=True), q @ k.T
            others = others.masked_fill(torch.eye(BATCH, dtype=torch.bool), -10.0)
            if wrong == "alone":
                others = torch.full_like(own, -10.0)
            logits = torch.cat((own, others), 1) / 0.07
            total = total + F.cross_entropy(logits, torch.zeros(BATCH, dtype=torch.long))
        return total / 3

    for step in range(STEPS):
        x, y = (nhwc(f"step {step} {k}", BATCH, SIZE, SIZE, 3).to(torch.float32).to(dtype) for k in "xy")
        noise = [nhwc(f"step {step} noise {k}", BATCH, SIZE, SIZE, 1).to(torch.float32).to(dtype) for k in "xy"]
        fake, same = g(x, noise[0]), g(y, noise[1])
        if step == 0:
            first["painted"] = fauve(fake.detach())

        def update_d():
            opt_d.zero_grad()
            real = y.detach().requires_grad_()
            judged = d(real)
            loss = (F.softplus(d(fake.detach())).mean() + F.softplus(-judged).mean()) / 2
            slope, = torch.autograd.grad(judged.sum(), real, create_graph=wrong != "single", retain_graph=True)
            r1 = slope.pow(2).flatten(1).sum(1).mean() / 2
            (loss + r1).backward()
            opt_d.step()
            return [float(loss.detach()), float(r1.detach())]

        def update_g():
            opt_g.zero_grad()
            for p in d.parameters():
                p.requires_grad_(False)
            parts = [F.softplus(-d(fake)).mean(), nce(x, fake, step, 0), nce(y, same, step, 1), F.l1_loss(same, y)]
            sum(w * p for w, p in zip((1, 2, 2, 1), parts)).backward()
            opt_g.step()
            for p in d.parameters():
                p.requires_grad_(True)
            return [float(p.detach()) for p in parts]

        if wrong == "order":
            row = update_g()
            row = update_d() + row
        else:
            row = update_d() + update_g()
        if step == 0:
            first.update({"grad." + n: fauve(p.grad).flatten()[::EVERY] for n, p in params.items()})
        losses.append(row)
        moved.append([float((p.detach() - begin[n]).double().norm()) for n, p in params.items()])
    return dict(losses=losses, moved=moved, **{k: v.numpy() for k, v in first.items()}), list(params)


def main():
    out, names = run(torch.float32)
    two, _ = run(torch.float64)
    out.update({k + "64": two[k] for k in ("losses", "moved")})
    for w in ("order", "pad", "single", "alone"):
        out["wrong." + w] = run(torch.float32, w)[0]["losses"]
    print(np.round(np.array(out["losses"]), 4), np.abs(np.array(out["losses"]) - two["losses"]).max())
    save_file({k: np.ascontiguousarray(v, np.float32) for k, v in out.items()},
              __file__.replace(".py", ".safetensors"), metadata={"names": " ".join(names)})


if __name__ == "__main__":
    main()
