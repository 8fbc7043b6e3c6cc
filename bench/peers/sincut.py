# SPDX-License-Identifier: Apache-2.0
"""A training step of SinCUT, small: 16 crops of 64x64, width 20. usage: sincut.py MODE THREADS RUNS;
a mode joins words by -: eager; cl (channels last). Its networks are those of tests/golden/sincut.py."""
import os, sys
import common
import torch
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
# This file's own name is the other's.
sys.path = [os.path.join(HERE, "..", "..", "tests", "golden")] + [p for p in sys.path if p != HERE]
import sincut as net                            # noqa: E402

MODES = ("eager", "eager-cl")


def contrast(g, f, keys, query, batch):
    loss = 0
    for i, (k, q) in enumerate(zip(keys, g.maps(query))):
        at = int(torch.randint(k.shape[2] * k.shape[3], ()))
        k, q = (f[f"mlp_{i}"](m.flatten(2)[:, :, at]) for m in (k.detach(), q))
        k, q = (v / (v.pow(2).sum(1, keepdim=True).sqrt() + 1e-7) for v in (k.detach(), q))
        own, others = (q * k).sum(1, keepdim=True), q @ k.T
        others = others.masked_fill(torch.eye(batch, dtype=torch.bool), -10.0)
        logits = torch.cat((own, others), 1) / 0.07
        loss = loss + F.cross_entropy(logits, torch.zeros(batch, dtype=torch.long))
    return loss / len(keys)


def main():
    mode, runs, _ = common.arguments(MODES)
    batch = 2 if common.DRY else 16
    net.WIDTH, net.BLOCKS, net.DISC, net.SIZE = (5, 2, 2, 32) if common.DRY else (20, 3, 8, 64)
    net.HEADS = 256
    g, d, f = net.Generator(), net.Discriminator(), net.heads()
    with torch.no_grad():
        for p in (*g.parameters(), *d.parameters(), *f.parameters()):
            p.normal_()
    x, y = (torch.rand(batch, 3, net.SIZE, net.SIZE) * 2 - 1 for _ in range(2))
    if "cl" in mode:
        last = torch.channels_last
        g, d = g.to(memory_format=last), d.to(memory_format=last)
        x, y = x.contiguous(memory_format=last), y.contiguous(memory_format=last)
    opt_d = torch.optim.Adam(d.parameters(), 2e-3, (0., 0.99))
    opt_g = torch.optim.Adam([*g.parameters(), *f.parameters()], 2e-3, (0., 0.99))

    def step():
        both = g(torch.cat((x, y)), torch.randn(2 * batch, 1, net.SIZE, net.SIZE))
        fake, same = both[:batch], both[batch:]
        with torch.no_grad():
            keys = g.maps(torch.cat((x, y)))
        real = y.detach().requires_grad_()
        judged = d(real)
        loss = (F.softplus(d(fake.detach())).mean() + F.softplus(-judged).mean()) / 2
        slope, = torch.autograd.grad(judged.sum(), real, create_graph=True)
        opt_d.zero_grad()
        (loss + slope.pow(2).flatten(1).sum(1).mean() / 2).backward()
        opt_d.step()
        for p in d.parameters():
            p.requires_grad_(False)
        loss = F.softplus(-d(fake)).mean() + F.l1_loss(same, y)
        for part, picture in ((slice(0, batch), fake), (slice(batch, None), same)):
            loss = loss + 2 * contrast(g, f, [k[part] for k in keys], picture, batch)
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
        for p in d.parameters():
            p.requires_grad_(True)

    common.report("sincut", step, runs, 2)


if __name__ == "__main__":
    main()
