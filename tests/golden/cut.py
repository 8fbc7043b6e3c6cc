#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden training runs of CUT's and FastCUT's step: ten steps each in PyTorch, written to cut.safetensors.

    python3 tests/golden/cut.py         needs torch, numpy, safetensors

Networks of width 4, two blocks, heads of 16, 24 places a map, pictures of 32x32, batch 2. Weights and pictures come from
one formula (`value`), places from another (`places`), that tests/golden/cut.c computes too; the file holds results only,
each for `cut.` and `fastcut.` (weight 10, no identity, mirrored at every other step):

    losses, losses64    10,4 adversary, NCE of photographs, of paintings (0 for FastCUT), D; in float and in double
    painted             what G makes of the photographs before the first step, N,H,W,C
    grad.NAME           first step's gradients, fauve's layout, every third number; NAME in the order of `names`
    moved, moved64      10,P L2 norm of what each parameter has moved since the beginning
    wrong.*             10,4 what the step is not: order: G before D; pad: zeros in the blocks; kept: the keys take a
                        gradient; own: a place's own key also stands among the others
"""
import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional as F
from value import nhwc, value

STEPS, SIZE, BATCH, WIDTH, BLOCKS, HEADS, PLACES, EVERY = 10, 32, 2, 4, 2, 16, 24, 3


class Halve(nn.Module):
    def forward(self, x):
        k = torch.tensor([1., 2, 1], dtype=x.dtype) / 4
        k = (k[:, None] * k)[None, None].repeat(x.shape[1], 1, 1, 1)
        return F.conv2d(F.pad(x, (1,) * 4, "reflect"), k, stride=2, groups=x.shape[1])


class Block(nn.Module):
    def __init__(self, c, pad):
        super().__init__()
        conv = lambda: nn.Conv2d(c, c, 3, bias=False)
        norm = nn.InstanceNorm2d
        self.conv_block = nn.Sequential(pad(1), conv(), norm(c), nn.ReLU(), pad(1), conv(), norm(c))

    def forward(self, x):
        return x + self.conv_block(x)


class Generator(nn.Module):
    TAPS = 0, 4, 8, 12, 12 + BLOCKS - 1

    def __init__(self, pad):
        super().__init__()
        c, norm = WIDTH, nn.InstanceNorm2d
        m = [nn.ReflectionPad2d(3), nn.Conv2d(3, c, 7, bias=False), norm(c), nn.ReLU()]
        for w in (c, 2 * c):
            m += [nn.Conv2d(w, 2 * w, 3, 1, 1), norm(2 * w), nn.ReLU(), Halve()]
        m += [Block(4 * c, pad) for _ in range(BLOCKS)]
        for w in (4 * c, 2 * c):
            m += [nn.Upsample(scale_factor=2, mode="bilinear"),
                  nn.Conv2d(w, w // 2, 3, 1, 1, bias=False), norm(w // 2), nn.ReLU()]
        self.model = nn.Sequential(*m, nn.ReflectionPad2d(3), nn.Conv2d(c, 3, 7), nn.Tanh())

    def forward(self, x):
        return self.model(x)

    def maps(self, x):
        out = []
        for i, layer in enumerate(self.model[:self.TAPS[-1] + 1]):
            x = layer(x)
            if i in self.TAPS:
                out.append(x)
        return out


def discriminator():
    c, norm = WIDTH, nn.InstanceNorm2d
    m = [nn.Conv2d(3, c, 4, 1, 1), nn.LeakyReLU(0.2), Halve()]
    for a, b in ((c, 2 * c), (2 * c, 4 * c)):
        m += [nn.Conv2d(a, b, 4, 1, 1, bias=False), norm(b), nn.LeakyReLU(0.2), Halve()]
    m += [nn.Conv2d(4 * c, 8 * c, 4, 1, 1, bias=False), norm(8 * c), nn.LeakyReLU(0.2)]
    return nn.ModuleDict({"model": nn.Sequential(*m, nn.Conv2d(8 * c, 1, 4, 1, 1))})


def heads():
    of = 3, 2 * WIDTH, 4 * WIDTH, 4 * WIDTH, 4 * WIDTH
    return nn.ModuleDict({f"mlp_{i}": nn.Sequential(nn.Linear(c, HEADS), nn.ReLU(), nn.Linear(HEADS, HEADS))
                          for i, c in enumerate(of)})


def places(layer, step, art, count):
    return torch.tensor([((7 + 2 * layer) * i + 11 * step + 3 * art) % count for i in range(min(PLACES, count))])


def scale(p):
    return {4: 0.1, 2: 0.5, 1: 0.05}[p.dim()]


def fauve(t):
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t


def run(dtype, fast, wrong=None):
    g, d, f = Generator(nn.ZeroPad2d if wrong == "pad" else nn.ReflectionPad2d), discriminator(), heads()
    params = {f"{k}.{n}": p for k, m in (("G", g), ("F", f), ("D", d)) for n, p in m.to(dtype).named_parameters()}
    begin = {}
    with torch.no_grad():
        for n, p in params.items():
            shape = list(fauve(p).shape)
            v = torch.from_numpy(value(n, p.numel()) * scale(p)).to(torch.float32).reshape(shape).to(dtype)
            p.copy_(v.permute(0, 3, 1, 2) if p.dim() == 4 else v)
            begin[n] = p.detach().clone()
    opt_d = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999))
    opt_g = torch.optim.Adam([*g.parameters(), *f.parameters()], 2e-4, (0.5, 0.999))
    judge = d["model"]
    losses, moved, first = [], [], {}

    def sampled(maps, at):
        out = []
        for i, (m, a) in enumerate(zip(maps, at)):
            v = f[f"mlp_{i}"](m.flatten(2).transpose(1, 2)[:, a])
            out.append(v / (v.pow(2).sum(2, keepdim=True).sqrt() + 1e-7))
        return out

    def nce(source, result, step, art, flip):
        keys, query = g.maps(source), g.maps(result)
        if flip:
            query = [q.flip(3) for q in query]
        at = [places(i, step, art, m.shape[2] * m.shape[3]) for i, m in enumerate(keys)]
        total = 0
        for q, k in zip(sampled(query, at), sampled(keys, at)):
            k = k if wrong == "kept" else k.detach()
            own, others = (q * k).sum(2, keepdim=True), q @ k.transpose(1, 2)
            if wrong != "own":
                others = others.masked_fill(torch.eye(q.shape[1], dtype=torch.bool), -10.0)
            logits = torch.cat((own, others), 2).flatten(0, 1) / 0.07
            total = total + F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))
        return total / 5

    def against(x, target):
        return ((x - target) ** 2).mean()

    for step in range(STEPS):
        x, y = (nhwc(f"step {step} {k}", BATCH, SIZE, SIZE, 3).to(torch.float32).to(dtype) for k in "xy")
        flip = fast and step % 2 == 1
        both = g((x if fast else torch.cat((x, y))).flip(3) if flip else x if fast else torch.cat((x, y)))
        fake, same = both[:BATCH], both[BATCH:]
        if step == 0:
            first["painted"] = fauve(fake.detach())

        def update_d():
            opt_d.zero_grad()
            loss = (against(judge(fake.detach()), 0) + against(judge(y), 1)) / 2
            loss.backward()
            opt_d.step()
            return float(loss.detach())

        def update_g():
            opt_g.zero_grad()
            for p in d.parameters():
                p.requires_grad_(False)
            parts = [against(judge(fake), 1), nce(x, fake, step, 0, flip)]
            if not fast:
                parts.append(nce(y, same, step, 1, flip))
            weights = (1, 10) if fast else (1, 0.5, 0.5)
            sum(w * p for w, p in zip(weights, parts)).backward()
            opt_g.step()
            for p in d.parameters():
                p.requires_grad_(True)
            return [float(p.detach()) for p in parts] + [0.] * fast

        if wrong == "order":
            row = update_g()
            row.append(update_d())
        else:
            l = update_d()
            row = update_g() + [l]
        if step == 0:
            first.update({"grad." + n: fauve(p.grad).flatten()[::EVERY] for n, p in params.items()})
        losses.append(row)
        moved.append([float((p.detach() - begin[n]).double().norm()) for n, p in params.items()])
    return dict(losses=losses, moved=moved, **{k: v.numpy() for k, v in first.items()}), list(params)


def main():
    out = {}
    for fast in (False, True):
        prefix = "fastcut." if fast else "cut."
        one, names = run(torch.float32, fast)
        two, _ = run(torch.float64, fast)
        out.update({prefix + k: v for k, v in one.items()})
        out.update({prefix + k + "64": two[k] for k in ("losses", "moved")})
        for w in ("order", "pad", "kept", "own"):
            out[prefix + "wrong." + w] = run(torch.float32, fast, w)[0]["losses"]
        print(prefix, np.round(np.array(one["losses"]), 4), np.abs(np.array(one["losses"]) - two["losses"]).max())
    save_file({k: np.ascontiguousarray(v, np.float32) for k, v in out.items()},
              __file__.replace(".py", ".safetensors"), metadata={"names": " ".join(names)})


if __name__ == "__main__":
    main()
