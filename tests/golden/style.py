#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden training run of the recipe `style`: ten steps of a tiny network in PyTorch, written to style.safetensors.

    python3 tests/golden/style.py            needs torch, numpy, scipy, safetensors

Weights, pictures, noise and every draw come from one formula (`value`) that tests/golden/style.c computes too, so the
file holds results only:

    losses            10,7  d, adv, nce, identity (0 where there is none), swd, colour, g        float32 run
    losses64          10,7  the same in float64: the distance between the two is the noise floor
    norms             10,P  L2 norm of each parameter's gradient, in the order of `names`
    grad.NAME               gradients of the first step, PyTorch's layout
    final.NAME              weights after ten steps
    wrong.padding, wrong.variance   10,7  losses with zero padding / unbiased variance: a test that
                                          cannot tell these from `losses` is no test
"""
import numpy as np
import torch, torch.nn.functional as F
from safetensors.numpy import save_file
from scipy.interpolate import BSpline
from value import value

WIDTH, BLOCKS, SIZE, BATCH, ART, HEAD, PATCHES, PROJ, SCALES, STEPS = 8, 2, 32, 2, 2, 16, 16, 8, 2, 10
RATE, ADV, NCE, SWD, COLOUR = 1e-4, 1.0, 1.0, 5.0, 3.0
HOLD = .75
NOISE = 3                                                         # sizes of noise


def whole(name, n, lo, hi):
    return np.floor(lo + (value(name, n) + 1) / 2 * (hi - lo + 1)).astype(np.int64)


def nhwc(name, *s, scale=1.0):
    """filled in NHWC order, as fauve lays it out; returned as NCHW"""
    return torch.from_numpy(value(name, int(np.prod(s))).reshape(s) * scale).permute(0, 3, 1, 2)


def run(dtype, padding="reflect", unbiased=False):
    t = lambda a: torch.as_tensor(a).to(dtype).contiguous()
    P = {}
    def conv_weight(name, o, i, k):
        scale = (3 * 2 / (i * k * k)) ** .5 * (.25 if name == "G.head" else 1)         # at an edge of the clamp gradients jump
        P[name + ".weight"] = t(nhwc(name + ".weight", o, k, k, i, scale=scale)).requires_grad_()
    def bias(name, o): P[name + ".bias"] = t(value(name + ".bias", o) * .1).requires_grad_()
    w = WIDTH
    conv_weight("G.stem.0", w, 3 + NOISE, 7); conv_weight("G.d1.0", 2 * w, w, 3); conv_weight("G.d2.0", 4 * w, 2 * w, 3)
    for i in range(BLOCKS):
        for ab in "ab": conv_weight(f"G.res.{i}.{ab}", 4 * w, 4 * w, 3)
    conv_weight("G.u1.0", 2 * w, 4 * w, 3); conv_weight("G.s1", 2 * w, 2 * w, 1)
    conv_weight("G.u2.0", w, 2 * w, 3); conv_weight("G.s2", w, w, 1); bias("G.s2", w)
    conv_weight("G.head", 3, w, 7); bias("G.head", 3); conv_weight("G.colour", 3, 3, 1)
    for i, d in enumerate((2 * w, 4 * w, 4 * w)):
        for l, n in ((0, d), (2, HEAD)):
            P[f"H.mlp.{i}.{l}.weight"] = t(value(f"H.mlp.{i}.{l}.weight", HEAD * n).reshape(HEAD, n) * n ** -.5).requires_grad_()
            bias(f"H.mlp.{i}.{l}", HEAD)
    U = {}
    for s in range(SCALES):
        for l, (i, o) in enumerate(((6, w), (w, 2 * w), (2 * w, 4 * w), (4 * w, 1))):
            conv_weight(f"D.d.{s}.{l}", o, i, 3); bias(f"D.d.{s}.{l}", o)
            U[f"{s}.{l}"] = t(value(f"D.u.d.{s}.{l}", o))
    E = {k: v.detach().clone() for k, v in P.items() if k.startswith("G.")}

    def pad(x, n): return F.pad(x, (n,) * 4, padding) if padding == "reflect" else F.pad(x, (n,) * 4)
    def conv(x, name): k = P[name + ".weight"].shape[-1]; return F.conv2d(pad(x, k // 2), P[name + ".weight"], P.get(name + ".bias"))
    def norm(x): return (x - x.mean((2, 3), keepdim=True)) / torch.sqrt(x.var((2, 3), keepdim=True, unbiased=unbiased) + 1e-5)
    def blur(x):
        k = torch.tensor([1., 3., 3., 1.], dtype=dtype); k = (k[:, None] * k / 64)[None, None].repeat(x.shape[1], 1, 1, 1)
        return F.conv2d(F.pad(x, (1,) * 4, "reflect"), k, stride=2, groups=x.shape[1])
    def layer(x, name): return F.relu(norm(conv(x, name)))
    up = lambda x, by=2: F.interpolate(x, scale_factor=by, mode="bilinear", align_corners=False)
    def spline(x, n):                                                 # B-spline of degree n, twice the size: 1/4 and 3/4 off the grid
        def along(x):                                                 # the last axis
            r = (n + 1) // 2; p = F.pad(x, (r, r, 0, 0), "replicate"); m = x.shape[-1]
            w = BSpline.basis_element(np.arange(n + 2) - r, False)(np.arange(n + 1) - r + .25)
            even = sum(w[i] * p[..., i:i + m] for i in range(n + 1)); odd = sum(w[n - i] * p[..., i + 1:i + 1 + m] for i in range(n + 1))
            return torch.stack([even, odd], -1).flatten(-2)
        return along(along(x).transpose(2, 3)).transpose(2, 3)
    def with_noise(x, z):
        all, coarse = [x, z], z
        for i in range(1, NOISE): coarse = blur(coarse) * 3.2; all.append(up(coarse, 2 ** i))
        return torch.cat(all, 1)
    def colours(x): low = blur(blur(x)); return up(low + F.conv2d(low, P["G.colour.weight"]), 4)
    opponent = torch.tensor([[6 * .299, 6 * .587, 6 * .114], [25, -25, 0], [9, 9, -18]], dtype=dtype).view(3, 3, 1, 1)
    def smooth(x):
        k = torch.tensor([1., 2., 1.], dtype=dtype); k = (k[:, None] * k / 16)[None, None].repeat(3, 1, 1, 1)
        return F.conv2d(F.pad(x, (1,) * 4, "reflect"), k, groups=3)
    def detail(x): return torch.cat([x, F.conv2d(x - smooth(x), opponent)], 1)
    def encode(x, z, whole_net=False):
        f = [x, layer(with_noise(x, z), "G.stem.0")]
        f.append(blur(layer(f[1], "G.d1.0"))); f.append(blur(layer(f[2], "G.d2.0"))); h = f[3]
        for i in range(BLOCKS):
            h = h + norm(conv(layer(h, f"G.res.{i}.a"), f"G.res.{i}.b"))
            if i == BLOCKS // 2: f.append(h)
            if i == BLOCKS // 2 and not whole_net: break
        return f, h
    eighth = lambda v: F.avg_pool2d(v, 8)
    def unexplained(was, y):                                         # of y: no affine function of was
        was, y = (v - v.mean((2, 3), keepdim=True) for v in (was, y))
        to = torch.tensor([[.299, .587, .114], [.5, -.5, 0], [.25, .25, -.5]], dtype=dtype)
        without = lambda y, of: y - of * (y * of).mean((2, 3), keepdim=True) / ((of ** 2).mean((2, 3), keepdim=True) + .002)
        basis = []
        for m in to:
            b = (was * m.view(3, 1, 1)).sum(1, keepdim=True)
            for q in basis: b = without(b, q)
            basis.append(b); y = without(y, b)
        return y
    luma = lambda v: (v * torch.tensor([.299, .587, .114], dtype=dtype).view(3, 1, 1)).sum(1, keepdim=True)
    def palette(x, y):                                               # what is taken out, at a quarter of the size
        odd = unexplained(F.avg_pool2d(x, 4), F.avg_pool2d(y, 4)); low = up(F.avg_pool2d(odd, 2)); fine = odd - low
        return low + fine - luma(fine)
    def G(x, z):
        f, h = encode(x, z, True)
        h = layer(spline(h, 5), "G.u1.0") + conv(f[2], "G.s1"); h = layer(spline(h, 3), "G.u2.0") + conv(f[1], "G.s2")
        y = conv(h, "G.head") + colours(x)
        y = torch.tanh(y - up(palette(x, y), 4)); y = y - up(palette(x, y), 4); d = y - up(F.avg_pool2d(y, 2))
        return (y - (d - luma(d))).clamp(-1, 1)
    unit = lambda v: v / v.norm().clamp(min=1e-12)
    def spectral():
        W = {}
        for k in U:
            m = P[f"D.d.{k}.weight"]; m2 = m.flatten(1)
            with torch.no_grad(): v = unit(m2.t() @ U[k]); U[k] = unit(m2 @ v)
            W[k] = m / (U[k] @ (m2 @ v))
        return W
    def D(x, W):
        out = []
        for s in range(SCALES):
            h = detail(x)
            for l in range(4):
                h = F.conv2d(h, W[f"{s}.{l}"], P[f"D.d.{s}.{l}.bias"], padding=1)
                if l < 3: h = F.leaky_relu(h, .2)
                if l < 2: h = blur(h)
            out.append(h); x = F.avg_pool2d(x, 2)
        return out
    lsgan = lambda outs, v: sum(((o - v) ** 2).mean() for o in outs) / len(outs)
    def augment(x, name):
        x = x + t(value(name + " brightness", BATCH) * .2).view(-1, 1, 1, 1)
        s = t(value(name + " saturation", BATCH) * .5 + 1).view(-1, 1, 1, 1)
        m = x.mean(1, keepdim=True); x = (x - m) * s + m
        shift, y = whole(name + " shift", 2 * BATCH, -4, 4).reshape(-1, 2), []
        for n in range(BATCH):
            dy, dx = shift[n]; p = F.pad(x[n:n + 1], (4,) * 4)
            y.append(p[:, :, 4 - dy:4 - dy + SIZE, 4 - dx:4 - dx + SIZE])
        return torch.cat(y)
    def heads(f, i, k):
        r = f.flatten(2).transpose(1, 2)[:, k]
        h = F.linear(F.relu(F.linear(r, P[f"H.mlp.{i}.0.weight"], P[f"H.mlp.{i}.0.bias"])), P[f"H.mlp.{i}.2.weight"], P[f"H.mlp.{i}.2.bias"])
        return h / h.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    def places(name, n): return torch.from_numpy(np.argsort(value(name, n), kind="stable")[:PATCHES].copy())
    def nce(src, dst, zs, zd, name):
        with torch.no_grad(): fs, _ = encode(src, zs)
        fd, _ = encode(dst, zd); loss = 0
        for i in range(3):
            k = places(f"{name} places {i}", fd[i + 2].shape[2] * fd[i + 2].shape[3])
            q, kk = heads(fd[i + 2], i, k), heads(fs[i + 2], i, k).detach()
            logits = torch.bmm(q, kk.transpose(1, 2)) / .07
            loss = loss + F.cross_entropy(logits.flatten(0, 1), torch.arange(len(k)).repeat(BATCH))
        return loss / 3
    def swd(a, b, name):
        loss = 0
        same = lambda v: v - v.mean((2, 3), keepdim=True) + v.mean((0, 2, 3), keepdim=True)
        a, b = same(a), same(b)
        for s in range(3):
            d = t(nhwc(f"{name} direction {s}", PROJ, 7, 7, 6)); d = d / d.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
            def proj(x, c):
                h, p = x.shape[-1], []
                for n in range(len(x)):                          # the shift by a corner, zeros entering
                    y = F.pad(x[n:n + 1], (0, 1, 0, 1))[:, :, c[n, 0]:c[n, 0] + h, c[n, 1]:c[n, 1] + h]
                    p.append(F.conv2d(y, d, stride=2))
                return torch.cat(p).transpose(0, 1).flatten(1).sort(1)[0]
            pa = proj(detail(a), whole(f"{name} corner a {s}", 2 * len(a), 0, 1).reshape(-1, 2))
            pb = proj(detail(b), whole(f"{name} corner b {s}", 2 * len(b), 0, 1).reshape(-1, 2))
            pb = pb[:, (torch.arange(pa.shape[1]) * pb.shape[1] + pb.shape[1] // 2) // pa.shape[1]]
            loss = loss + (pa - pb).abs().mean(); a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
        return loss / 3

    gs, ds = [k for k in P if k[0] in "GH"], [k for k in P if k[0] == "D"]
    og = torch.optim.Adam([P[k] for k in gs], RATE, betas=(.5, .99)); od = torch.optim.Adam([P[k] for k in ds], 2 * RATE, betas=(.5, .99))
    losses, norms, first = [], [], {}
    for step in range(STEPS):
        n = f"step {step} "
        x = t(nhwc(n + "photographs", BATCH, SIZE, SIZE, 3)); art = t(nhwc(n + "paintings", ART * BATCH, SIZE, SIZE, 3)); y = art[:BATCH]
        z = [t(nhwc(n + f"noise {i}", BATCH, SIZE, SIZE, 1, scale=3 ** .5)) for i in range(6)]
        fake = G(x, z[0]); W = spectral()
        ld = (lsgan(D(augment(y, n + "real"), W), 1) + lsgan(D(augment(fake.detach(), n + "fake"), W), 0)) / 2
        gd = torch.autograd.grad(ld, [P[k] for k in ds])
        for k, g in zip(ds, gd): P[k].grad = g
        od.step(); W = {k: v.detach() for k, v in spectral().items()}
        la = lsgan(D(augment(fake, n + "adversary"), W), 1)
        ln = nce(x, fake, z[1], z[2], n + "content"); ident = step % 3 == 0
        li = nce(y, G(y, z[3]), z[4], z[5], n + "identity") if ident else torch.zeros((), dtype=dtype)
        lw = swd(fake, art, n + "swd")
        moved = eighth(x) - eighth(fake); cast = moved.mean((2, 3)); lc = HOLD * (moved ** 2).mean() + ((cast - cast.mean(0)) ** 2).mean()
        lg = ADV * la + NCE * (ln + li) / (2 if ident else 1.5) + SWD * lw + COLOUR * lc
        gg = torch.autograd.grad(lg, [P[k] for k in gs])
        for k, g in zip(gs, gg): P[k].grad = g
        og.step(); b = min(.999, (2 + step) / (11 + step))
        with torch.no_grad():
            for k in E: E[k].lerp_(P[k], 1 - b)
        losses.append([float(v.detach()) for v in (ld, la, ln, li, lw, lc, lg)])
        norms.append([float(g.norm()) for g in list(gd) + list(gg)])
        if step == 0: first = {k: g.detach().float().numpy() for k, g in zip(ds + gs, list(gd) + list(gg))}
    final = {k: v.detach().float().numpy() for k, v in P.items()} | {"E." + k[2:]: v.float().numpy() for k, v in E.items()}
    return np.float32(losses), np.float32(norms), first, final, ds + gs


if __name__ == "__main__":
    import os
    torch.set_num_threads(1)
    losses, norms, first, final, names = run(torch.float32)
    l64 = run(torch.float64)[0]
    out = {"losses": losses, "losses64": l64, "norms": norms,
           "wrong.padding": run(torch.float32, padding="zero")[0], "wrong.variance": run(torch.float32, unbiased=True)[0]}
    out |= {"grad." + k: np.ascontiguousarray(v) for k, v in first.items()}
    out |= {"final." + k: np.ascontiguousarray(v) for k, v in final.items() if k[0] == "E" or k.startswith("D.d.0")}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "style.safetensors")
    save_file(out, path, metadata={"names": " ".join(names), "torch": torch.__version__})
    print("noise floor of the losses, float32 against float64:", np.abs(losses - l64).max(0), "\n", losses, "\n", os.path.getsize(path), "bytes")
    for w in ("padding", "variance"): print("wrong", w, np.abs(out["wrong." + w] / np.maximum(losses, 1e-9) - 1)[:, [0, 1, 2, 4, 5, 6]].max(0))
