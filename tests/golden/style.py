#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden training run of the recipe `style`: six steps of a tiny network in PyTorch, written to style.safetensors.

    python3 tests/golden/style.py            needs torch, numpy, safetensors

Weights, pictures, marks and every draw come from one formula (`value`) that tests/golden/style.c computes too, so the
file holds results only:

    losses            6,9  d, adv, pixels, style, half, content, content3, colour, g           float32 run
    losses64          6,9  the same in float64: the distance between the two is the noise floor
    norms             6,P  L2 norm of each parameter's gradient, in the order of `names`
    grad.NAME              gradients of the first step, PyTorch's layout
    final.NAME             weights after six steps
    wrong.padding, wrong.scale   6,9  losses with zeros around the teacher's pictures / with maps judged as they are, not over their
                                      spread: a test that cannot tell these from `losses` is no test
"""
import numpy as np
import torch, torch.nn.functional as F
from safetensors.numpy import save_file
from strokenet import build
from value import nhwc, value, whole

WIDTH, BLOCKS, MARKS, INPUTS, JUDGE, PIXELS, SCALES, SIZE, BATCH, LINES, DRAWN, STEPS = 4, 1, 3, 4, 4, 4, 2, 32, 2, 8, 4, 6
RATE, STYLE, HALF, CONTENT, CONTENT3, COLOUR, ADV, ADVP, JUDGE_RATE, RAMP = 1e-4, 16.0, .5, 2.3, .1, 4.0, .3, .15, .5, .75
CHANNELS, CONVS = (16, 32, 64, 128), (2, 2, 4, 1)


def run(dtype, padding="reflect", scaled=True):
    t = lambda a: torch.as_tensor(a).to(dtype).contiguous()
    P, T, U = {}, {}, {}
    def conv_weight(name, o, i, k, store=P):
        store[name + ".weight"] = t(nhwc(name + ".weight", o, k, k, i, scale=(6 / (i * k * k)) ** .5))
    def bias(name, o, store=P): store[name + ".bias"] = t(value(name + ".bias", o) * .1)
    def norm_weight(name, o): P[name + ".weight"] = t(1 + value(name + ".weight", o) * .1); bias(name, o)
    def layer_weight(name, o, i, k): conv_weight(name + ".0", o, i, k); norm_weight(name + ".1", o)
    w = WIDTH
    layer_weight("G.stem", w, 3, 5); layer_weight("G.d1", 2 * w, w, 3); layer_weight("G.d2", 4 * w, 2 * w, 3)
    for i in range(BLOCKS):
        for c, n in ("an", "bm"): conv_weight(f"G.res.{i}.{c}", 4 * w, 4 * w, 3); norm_weight(f"G.res.{i}.{n}", 4 * w)
    for m in ("m2", "m1"): conv_weight("G." + m, MARKS, INPUTS + 3, 3); bias("G." + m, MARKS)
    for u, o, i in (("u1", 2 * w, 4 * w + MARKS), ("u2", w, 2 * w + MARKS), ("u3", w, w + INPUTS + 3)): conv_weight("G." + u, o, i, 3); bias("G." + u, o)
    conv_weight("G.head", 3, w, 5); bias("G.head", 3); conv_weight("G.col", 3, 3, 1); bias("G.col", 3)
    def spectral_weight(name, o, i): conv_weight("D.d." + name, o, i, 3); bias("D.d." + name, o); U[name] = t(value("D.u." + name, o))
    for m in range(3):
        for j in range(3): spectral_weight(f"map{m}.{j}", 1 if j == 2 else JUDGE, JUDGE if j else CHANNELS[m + 1])
    for s in range(SCALES):
        for j in range(4): spectral_weight(f"pixels.{s}.{j}", 1 if j == 3 else PIXELS << j, PIXELS << j - 1 if j else 3)
    for p in P.values(): p.requires_grad_()
    conv_weight("conv0", 3, 3, 1, T); bias("conv0", 3, T)
    for b in range(4):
        for j in range(CONVS[b]):
            name = f"conv{b + 1}{j + 1}"
            conv_weight(name, CHANNELS[b], CHANNELS[b] if j else CHANNELS[b - 1] if b else 3, 3, T); bias(name, CHANNELS[b], T)
    lines = [[t(value(f"direction.{s}.{l}", LINES * CHANNELS[l]).reshape(LINES, -1) * CHANNELS[l] ** -.5) for l in range(4)] for s in range(2)]
    rstd = [t(1 + value(f"rstd.{l}", CHANNELS[l]) * .2 * scaled)[None, :, None, None] for l in range(4)]

    def pad(x, n, mode="reflect"): return F.pad(x, (n,) * 4, mode) if mode == "reflect" else F.pad(x, (n,) * 4)
    def blur(x):
        k = torch.tensor([1., 3., 3., 1.], dtype=dtype) / 8
        return F.conv2d(pad(x, 1), (k[:, None] * k)[None, None].repeat(x.shape[1], 1, 1, 1), stride=2, groups=x.shape[1])
    def G(x, z): return build({k[2:]: v for k, v in P.items() if k[:2] == "G."}, x, z)
    def see(x):
        h, out = F.conv2d(x * .5 + .5, T["conv0.weight"], T["conv0.bias"]), []
        for b in range(4):
            if b: h = F.avg_pool2d(h, 2)
            for j in range(CONVS[b] if b < 3 else 1):
                h = F.relu(F.conv2d(pad(h, 1, padding), T[f"conv{b + 1}{j + 1}.weight"], T[f"conv{b + 1}{j + 1}.bias"]))
                if j == 0: out.append(h)
        return out
    def spectral():
        W = {}
        for name in U:
            m = P[f"D.d.{name}.weight"].permute(0, 2, 3, 1).flatten(1); still = m.detach()
            v = F.normalize(still.t() @ U[name], dim=0, eps=1e-12); u = F.normalize(still @ v, dim=0, eps=1e-12); U[name] = u
            W[name] = P[f"D.d.{name}.weight"] / (u @ (m @ v))
        return W
    def judge(f, x, W):
        sn = lambda h, name: F.conv2d(h, W[name], P[f"D.d.{name}.bias"], padding=1)
        maps, pixels = [], []
        for m in range(3):
            h = f[m + 1] * rstd[m + 1]
            if m == 0: h = F.avg_pool2d(h, 2)
            for j in range(3):
                h = sn(h, f"map{m}.{j}")
                if j < 2: h = F.leaky_relu(h, .2)
            maps.append(h)
        for s in range(SCALES):
            h = x
            for j in range(4):
                h = sn(h, f"pixels.{s}.{j}")
                if j < 3: h = F.leaky_relu(h, .2)
                if j < 2: h = blur(h)
            pixels.append(h); x = F.avg_pool2d(x, 2)
        return maps, pixels
    def lsgan(o, target): return sum(((i - target) ** 2).mean() for i in o) / len(o)
    def content(v): return (v - v.mean((2, 3), keepdim=True)) / torch.sqrt(v.var((2, 3), keepdim=True, unbiased=False) + 1e-4)
    def quantiles(places):
        q = 256
        while q > places: q //= 2
        return q
    def swd(f, size, prefix):
        total = 0
        for l in range(4):
            v = f[l].flatten(2); places = v.shape[2]; q = quantiles(places); n = min(2048, places) // q * q
            at = torch.from_numpy(whole(f"{prefix}places {4 * size + l}", n, 0, places - 1))
            j = torch.from_numpy(np.argsort(value(f"{prefix}line {l}", LINES), kind="stable")[:DRAWN].copy())
            p = (lines[size][l][j] @ v[:, :, at]).sort(2)[0].reshape(BATCH, DRAWN, q, n // q)
            p = p.mean(3)
            target = t(value(f"{prefix}target {4 * size + l}", BATCH * LINES * q).reshape(BATCH, LINES, q))[:, j]
            total = total + (p - target).abs().mean()
        return total / 4
    ds, gs = [k for k in P if k[0] == "D"], [k for k in P if k[0] == "G"]
    og = torch.optim.Adam([P[k] for k in gs], RATE, betas=(.5, .99)); od = torch.optim.Adam([P[k] for k in ds], JUDGE_RATE * RATE, betas=(.5, .99))
    losses, norms, first = [], [], {}
    for step in range(STEPS):
        a = f"step {step} "
        x, z, y = t(nhwc(a + "photographs", BATCH, SIZE, SIZE, 3)), t(nhwc(a + "marks", BATCH, SIZE, SIZE, INPUTS, scale=3 ** .5)), t(nhwc(a + "paintings", BATCH, SIZE, SIZE, 3))
        c4, c3 = t(nhwc(a + "content 4", BATCH, SIZE // 8, SIZE // 8, 128)), t(nhwc(a + "content 3", BATCH, SIZE // 8, SIZE // 8, 64))
        fake = G(x, z); f = see(fake); fd = [v.detach() for v in f]
        W = spectral()
        (rm, rp), (fm, fp) = judge(see(y), y, W), judge(fd, fake.detach(), W)
        ld = (lsgan(rm, 1) + lsgan(fm, 0)) / 2 + (lsgan(rp, 1) + lsgan(fp, 0)) / 2
        od.zero_grad(); ld.backward(); grads = {k: P[k].grad.clone() for k in ds}; od.step()
        W = {k: v.detach() for k, v in spectral().items()}
        jm, jp = judge(f, fake, W)
        la, lp, ls = lsgan(jm, 1), lsgan(jp, 1), RAMP * swd(f, 0, a)
        lh = RAMP * swd(see(F.avg_pool2d(fake, 2)), 1, a)
        lc, l3 = ((content(f[3]) - c4) ** 2).mean(), ((content(F.avg_pool2d(f[2], 2)) - c3) ** 2).mean()
        lk = ((F.avg_pool2d(x, 16) - F.avg_pool2d(fake, 16)) ** 2).mean()
        lg = STYLE * ls + STYLE * HALF * lh + CONTENT * lc + CONTENT3 * l3 + COLOUR * lk + ADV * la + ADVP * lp
        og.zero_grad(); lg.backward(); grads.update({k: P[k].grad.clone() for k in gs}); og.step()
        losses.append([v.item() for v in (ld, la, lp, ls, lh, lc, l3, lk, lg)])
        norms.append([grads[k].norm().item() for k in ds + gs])
        if step == 0: first = grads
    return np.array(losses), np.array(norms), first, P, ds + gs


def main():
    losses, norms, first, P, names = run(torch.float32)
    f = lambda a: np.ascontiguousarray(np.asarray(a.detach() if torch.is_tensor(a) else a, dtype=np.float32))
    out = {"losses": f(losses), "losses64": f(run(torch.float64)[0]), "norms": f(norms),
           "wrong.padding": f(run(torch.float32, padding="zero")[0]), "wrong.scale": f(run(torch.float32, scaled=False)[0])}
    out.update({"grad." + k: f(v) for k, v in first.items()})
    out.update({"final." + k: f(v) for k, v in P.items() if k[0] == "G"})
    save_file(out, __file__.replace(".py", ".safetensors"), metadata={"names": " ".join(names)})


if __name__ == "__main__":
    main()
