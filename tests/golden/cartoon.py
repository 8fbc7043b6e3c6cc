#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden runs of AnimeGAN and CartoonGAN in PyTorch, written to cartoon.safetensors.

    python3 tests/golden/cartoon.py          needs torch, numpy, safetensors

Everything is tiny: generators and discriminators of width 2, pictures of 32x32, batch 2; the
teacher is features/vgg19-small.safetensors. Weights and pictures come from value.py's formula,
which tests/golden/cartoon.c computes too, so the file holds results only. Of pictures it has every
fourth number of the first. For NET v2, legacy (v2 with TensorFlow's eps and grid), corners, v3,
cartoongan, bgr:

    NET.output, NET.grad.NAME   of the generator, in double; the loss is the mean of output times
                                weights of the formula. Of v3 also v3.painting, by its batch norm's
                                running values
    NET.wrong.padding           output with the padding of stride 2 on the other side (cartoongan:
                                mirrored instead of zeros)
    loss.NAME, loss.grad.NAME   value of each loss, and its gradient by the picture

and for RECIPE animegan, animegan3, cartoongan, three steps of content only and seven of all:

    RECIPE.losses, .losses64    10,6  content, style, adv, colour, tv, d (0 where it has none); in
                                float and in double
    RECIPE.moved, .moved64      10,P  L2 norm of what each parameter has moved since the beginning,
                                in the order of `RECIPE.names`
    RECIPE.gradient.NAME        of a first step that is of the second phase, in double
    RECIPE.wrong.*              10,6  order: G before D; side: padding of stride 2
    animegan3.wrong.through     a gradient with spectral norm's u and v as constants. (v2's layer
                                norms do not see how large what they norm is: there sigma's gradient
                                is nothing)
"""

import os
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from value import value

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE, BATCH, WIDTH, BLOCKS, STEPS, CONTENT_STEPS = 32, 2, 2, 2, 10, 3
# Pictures with which nothing before an activation is so near to 0 that rounding decides on which
# side it lies.
FIRST = dict(animegan=46, animegan3=47, cartoongan=28)
RATES = dict(content=2e-4, g=1e-4, d=1e-3)
THROUGH = "D.d.conv_s2_1.weight"
TEACHER = load_file(os.path.join(HERE, "../../features/vgg19-small.safetensors"))
YUV = torch.tensor(
    [
        [0.299, 0.587, 0.114],
        [-0.14714119, -0.28886916, 0.43601035],
        [0.61497538, -0.51496512, -0.10001026],
    ]
)


def picture(name, dtype=torch.float64, n=BATCH):
    v = value(name, n * SIZE * SIZE * 3).astype(np.float32)  # what fauve is given, too
    return torch.from_numpy(v).reshape(n, SIZE, SIZE, 3).permute(0, 3, 1, 2).to(dtype).contiguous()


class Weights(dict):
    """Made when they are first asked for. conv: O,I,KH,KW, counted as fauve has it: O,KH,KW,I."""

    def __init__(self, dtype):
        self.dtype = dtype

    def make(self, name, v, learnt=True):
        if name not in self:
            self[name] = (
                torch.from_numpy(v.astype(np.float32))
                .to(self.dtype)
                .contiguous()
                .requires_grad_(learnt)
            )
        return self[name]

    def conv(self, name, o, i, k):
        v = (
            value(name, o * k * k * i).reshape(o, k, k, i).transpose(0, 3, 1, 2)
            * ((6 if k > 1 else 3) / (k * k * i)) ** 0.5
        )
        return self.make(name, v)

    def scale(self, name, c, learnt=True):
        return self.make(name, 1 + value(name, c) * 0.1, learnt)

    def shift(self, name, c, learnt=True):
        return self.make(name, value(name, c) * 0.1, learnt)


def column(v):
    return v[None, :, None, None]


def affine(w, x, name, scale="weight", shift="bias"):
    c = x.shape[1]
    return x * column(w.scale(f"{name}.{scale}", c)) + column(w.shift(f"{name}.{shift}", c))


def normalise(x, dims, eps):
    m = x.mean(dims, keepdim=True)
    return (x - m) / torch.sqrt(((x - m) ** 2).mean(dims, keepdim=True) + eps)


def pad(x, top, bottom, mode="reflect"):
    return F.pad(x, (top, bottom, top, bottom), mode=mode) if top or bottom else x


def lrelu(x):
    return F.leaky_relu(x, 0.2)


def enlarged(x, grid):
    if grid == "legacy":  # source = i/2: neighbours' means in between, the last repeated
        for d in (2, 3):
            n = x.shape[d]
            after = torch.cat((x.narrow(d, 1, n - 1), x.narrow(d, n - 1, 1)), d)
            x = torch.stack((x, (x + after) / 2), d + 1).flatten(d, d + 1)
        return x
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=grid == "corners")


def v2(w, x, prefix="", grid="half", eps=1e-5, wrong=False, **_):
    def norm(x, name):
        return affine(w, normalise(x, (1, 2, 3), eps), prefix + name)

    def layer(x, name, o, k=3, s=1, deep=False):
        c = x.shape[1]
        top, bottom = (k // 2, k // 2) if s == 1 else (1, 0) if wrong else (0, 1)
        bias = w.shift(f"{prefix}{name}.1.bias", c) if deep else None
        x = F.conv2d(
            pad(x, top, bottom),
            w.conv(f"{prefix}{name}.1.weight", o, 1 if deep else c, k),
            bias,
            s,
            groups=c if deep else 1,
        )
        return lrelu(norm(x, name + ".2"))

    n = WIDTH
    x = layer(layer(layer(x, "block_a.0", n, 7), "block_a.1", 2 * n, s=2), "block_a.2", 2 * n)
    x = layer(layer(layer(x, "block_b.0", 4 * n, s=2), "block_b.1", 4 * n), "block_c.0", 4 * n)
    for i in range(1, BLOCKS + 1):
        c, name = x.shape[1], f"block_c.{i}.layers."
        h = layer(layer(x, name + "0", 2 * c, 1), name + "1", 2 * c, deep=True)
        h = norm(F.conv2d(h, w.conv(f"{prefix}{name}2.weight", 8 * n, 2 * c, 1)), name + "3")
        x = x + h if c == 8 * n else h
    x = layer(x, f"block_c.{BLOCKS + 1}", 4 * n)
    x = layer(layer(enlarged(x, grid), "block_d.0", 4 * n), "block_d.1", 4 * n)
    x = layer(
        layer(layer(enlarged(x, grid), "block_e.0", 2 * n), "block_e.1", 2 * n), "block_e.2", n, 7
    )
    return torch.tanh(F.conv2d(x, w.conv(prefix + "out_layer.0.weight", 3, n, 1)))


def lade(x, weight):
    t = F.conv2d(x, weight)
    m = t.mean((2, 3), keepdim=True)
    return (
        normalise(x, (2, 3), 1e-5) * torch.sqrt(((t - m) ** 2).mean((2, 3), keepdim=True) + 1e-5)
        + m
    )


def v3(w, x, prefix="", grid="legacy", training=True, wrong=False, **_):
    def conv(x, name, o, k, s=1):
        top, bottom = (k // 2, k // 2) if s == 1 else (0, 1) if wrong else (1, 0)
        return F.conv2d(
            pad(x, top, bottom), w.conv(f"{prefix}net.{name}.weight", o, x.shape[1], k), stride=s
        )

    def layer(x, name, o, k=3, s=1):
        x = conv(x, name, o, k, s)
        return lrelu(lade(x, w.conv(f"{prefix}net.{name}.lade.weight", o, o, 1)))

    def attention(x):
        c = x.shape[1]
        name = prefix + "net.attention."
        memory = w.make(
            name + "memory", value(name + "memory", 128 * c).reshape(128, c) * (3 / c) ** 0.5
        )
        h = conv(x, "attention.in", c, 1).flatten(2).transpose(1, 2) @ memory.t()
        h = torch.softmax(h, 1)
        h = (h / (1e-9 + h.sum(2, keepdim=True))) @ memory
        h = conv(h.transpose(1, 2).reshape(x.shape), "attention.out", c, 1)
        means, variances = w.shift(name + "norm.running_mean", c, False), w.scale(
            name + "norm.running_var", c, False
        )
        if training:
            m = h.mean((0, 2, 3))
            v = ((h - column(m)) ** 2).mean((0, 2, 3))
            n = h.numel() / c
            w.seen = m.detach(), v.detach() * n / (n - 1)
            h = normalise(h, (0, 2, 3), 1e-3)
        else:
            h = (h - column(means)) / torch.sqrt(column(variances) + 1e-3)
        return lrelu(affine(w, h, name + "norm") + x)

    n = WIDTH
    x0 = layer(x, "base.0", n, 7)
    x1 = layer(layer(x0, "base.1", n, s=2), "base.2", 2 * n)
    x2 = layer(layer(x1, "base.3", 2 * n, s=2), "base.4", 4 * n)
    h = attention(layer(layer(x2, "base.5", 4 * n, s=2), "base.6", 4 * n))
    for i, there in enumerate((x2, x1, x0)):
        h = layer(enlarged(h, grid), f"tail.{2 * i}", there.shape[1])
        h = layer(h + there, f"tail.{2 * i + 1}", there.shape[1])
    return torch.tanh(conv(h, "tail.6", 3, 7))


def cartoon(w, x, prefix="", order="rgb", wrong=False, **_):
    def conv(x, name, o, k, mode, bias=False, s=1):
        b = w.shift(f"{prefix}{name}.bias", o) if bias else None
        return F.conv2d(
            pad(x, k // 2, k // 2, mode), w.conv(f"{prefix}{name}.weight", o, x.shape[1], k), b, s
        )

    def norm(x, name):
        return affine(w, normalise(x, (2, 3), 1e-9), prefix + name, "scale", "shift")

    n, zero = WIDTH, "constant"
    x = x.flip(1) if order == "bgr" else x
    x = F.relu(norm(conv(x, "conv01_1", n, 7, "reflect"), "in01_1"))
    for i, o in ((2, 2 * n), (3, 4 * n)):
        x = conv(x, f"conv0{i}_1", o, 3, "reflect" if wrong else zero, True, 2)
        x = F.relu(norm(conv(x, f"conv0{i}_2", o, 3, zero), f"in0{i}_1"))
    for i in range(4, 4 + BLOCKS):
        h = F.relu(norm(conv(x, f"conv{i:02}_1", 4 * n, 3, "reflect"), f"in{i:02}_1"))
        x = x + norm(conv(h, f"conv{i:02}_2", 4 * n, 3, "reflect"), f"in{i:02}_2")
    for i, o in ((1, 2 * n), (2, n)):
        name = f"{prefix}deconv0{i}_1"
        weight = w.conv(name + ".weight", x.shape[1], o, 3)  # PyTorch's: in, out
        x = F.conv_transpose2d(x, weight, w.shift(name + ".bias", o), 2, 1, 1)
        x = F.relu(norm(conv(x, f"deconv0{i}_2", o, 3, zero), f"in{3 + BLOCKS + i:02}_1"))
    x = torch.tanh(conv(x, "deconv03_1", 3, 7, "reflect", True))
    return x.flip(1) if order == "bgr" else x


NETS = dict(
    v2=(v2, {}),
    legacy=(v2, dict(grid="legacy", eps=1e-12)),
    corners=(v2, dict(grid="corners")),
    v3=(v3, {}),
    cartoongan=(cartoon, {}),
    bgr=(cartoon, dict(order="bgr")),
)


def few(x):
    return x[0].permute(1, 2, 0).flatten()[::4]


def forwards(out):
    for name, (net, how) in NETS.items():
        w, x = Weights(torch.float64), picture("x")
        y = net(w, x, **how)
        weights = picture("weights of y")
        (y * weights).mean().backward()
        out[name + ".output"] = few(y)
        if name in ("v2", "v3", "cartoongan"):
            out.update({f"{name}.grad.{k}": p.grad for k, p in w.items() if p.requires_grad})
            out[name + ".wrong.padding"] = few(net(w, x, wrong=True, **how))
        if name == "v3":
            out["v3.painting"] = few(v3(w, x, training=False))


# ---- losses


def grey(x):
    return (x * column(YUV[0].to(x.dtype))).sum(1, keepdim=True).expand_as(x)


def yuv_distance(a, b):
    a, b = (torch.einsum("ij,njhw->nihw", YUV.to(x.dtype), (x + 1) / 2) for x in (a, b))
    return (a - b)[:, 0].abs().mean() + sum(F.huber_loss(a[:, i], b[:, i]) for i in (1, 2))


def gram(x):
    f = x.flatten(2)
    return f @ f.transpose(1, 2) / (f.shape[1] * f.shape[2])


def tv(x):
    return ((x[:, :, 1:] - x[:, :, :-1]) ** 2).mean() / 2 + (
        (x[..., 1:] - x[..., :-1]) ** 2
    ).mean() / 2


def losses(out):
    a, b = picture("a").requires_grad_(), picture("b")
    for name, f in dict(
        gram=lambda: (gram(a) - gram(b)).abs().mean(),
        huber=lambda: F.huber_loss(a, b, delta=0.5),
        yuv=lambda: yuv_distance(a, b),
        tv=lambda: tv(a),
        grey=lambda: (grey(a) - b).abs().mean(),
    ).items():
        a.grad = None
        l = f()
        l.backward()
        out["loss." + name], out["loss.grad." + name] = l, few(a.grad)


# ---- steps


def see(x):
    t = {k: v.to(x.dtype) for k, v in TEACHER.items()}
    h = F.conv2d((x + 1) / 2, t["conv0.weight"], t["conv0.bias"])
    for b, n in enumerate((2, 2, 4, 1), 1):
        h = F.avg_pool2d(h, 2) if b > 1 else h
        for i in range(1, n + 1):
            h = F.relu(F.conv2d(pad(h, 1, 1), t[f"conv{b}{i}.weight"], t[f"conv{b}{i}.bias"]))
    return h


class Judge:
    """v2's, v3's or CartoonGAN's discriminator, with vectors u that a phase moves on."""

    def __init__(self, kind, w, through=True, side=False):
        n = WIDTH
        self.kind, self.w, self.through, self.side, self.u = kind, w, through, side, {}
        s2, s1 = ((n, 2 * n), (2 * n, 4 * n), (4 * n, 8 * n)), ()
        if kind == 3:
            self.list = [("conv_0", 7, 1, 3, n, 0)]
            for i in range(3):
                self.list += [
                    (f"conv_s2_{i + 1}", 3, 2, n << i, n << i, 1),
                    (f"conv_s1_{i + 1}", 3, 1, n << i, 2 * n << i, 1),
                ]
            self.list += [("D_logit", 1, 1, 8 * n, 1, 0)]
        else:
            self.list = [
                ("conv_0", 3, 1, 3, n, 0),
                ("conv_s2_1", 3, 2, n, 2 * n, 0),
                ("conv_s1_1", 3, 1, 2 * n, 4 * n, 1),
                ("conv_s2_2", 3, 2, 4 * n, 4 * n, 0),
                ("conv_s1_2", 3, 1, 4 * n, 8 * n, 1),
                ("last_conv", 3, 1, 8 * n, 8 * n, 1),
                ("D_logit", 3, 1, 8 * n, 1, 0),
            ]

    def spectral(self, u):
        """one power iteration from u: weights, and where u is now"""
        W, now = {}, {}
        for name, k, s, i, o, normed in self.list:
            all = [(name, self.w.conv(f"D.d.{name}.weight", o, i, k))]
            if self.kind == 3 and normed:
                all.append((name + ".lade", self.w.conv(f"D.d.{name}.lade.weight", o, o, 1)))
            for n, p in all:
                if self.kind == 0:
                    W[n] = p
                    continue
                m = p.permute(0, 2, 3, 1).flatten(1)
                begin = (
                    u[n]
                    if n in u
                    else torch.from_numpy(value("D.u." + n, o).astype(np.float32)).to(p.dtype)
                )
                still = m if self.through else m.detach()
                v = F.normalize(still.t() @ begin, dim=0, eps=1e-12)
                q = F.normalize(still @ v, dim=0, eps=1e-12)
                W[n], now[n] = p / (q @ (m @ v)), q.detach()
        return W, now

    def __call__(self, W, x):
        for at, (name, k, s, i, o, normed) in enumerate(self.list):
            top, bottom = k // 2, k // 2
            if s == 2 and self.kind:
                top, bottom = (0, 1) if self.side else (1, 0)
            bias = None if self.kind or normed else self.w.shift(f"D.d.{name}.bias", o)
            x = F.conv2d(
                pad(x, top, bottom, "constant" if self.kind == 2 else "reflect"), W[name], bias, s
            )
            if normed:
                if self.kind == 3:
                    x = lade(x, W[name + ".lade"])
                else:
                    dims, eps = ((1, 2, 3), 1e-12) if self.kind == 2 else ((2, 3), 1e-5)
                    x = affine(self.w, normalise(x, dims, eps), f"D.d.{name}.norm")
            x = lrelu(x) if at < len(self.list) - 1 else x
        return x


class Adam:
    def __init__(self, params, tensorflow):
        self.p, self.tf, self.t, self.m, self.v = (
            params,
            tensorflow,
            0,
            [torch.zeros_like(p) for p in params],
            [torch.zeros_like(p) for p in params],
        )

    def step(self, rate, b1=0.5, b2=0.999, eps=1e-8):
        self.t += 1
        with torch.no_grad():
            for p, m, v in zip(self.p, self.m, self.v):
                m.mul_(b1).add_(p.grad, alpha=1 - b1)
                v.mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                c1, c2 = 1 - b1**self.t, (1 - b2**self.t) ** 0.5
                p.sub_(
                    rate * c2 / c1 * m / (v.sqrt() + eps)
                    if self.tf
                    else rate / c1 * m / (v.sqrt() / c2 + eps)
                )


# weights: content, style, colour, tv, adv; of D: real, grey, smooth
RECIPES = dict(
    animegan=(v2, 2, (2.0, 40.0, 5.0, 1.0, 3.0), (1.2, 1.1, 0.8)),
    animegan3=(v3, 3, (2.0, 40.0, 5.0, 1.0, 3.0), (1.2, 1.1, 0.8)),
    cartoongan=(cartoon, 0, (4.0, 0, 0, 0, 1.0), (1.0, 0, 1.0)),
)


def train(recipe, dtype, wrong=None, content_steps=CONTENT_STEPS, steps=STEPS):
    net, kind, (con, sty, col, tvw, adv), (real, greyw, smoothw) = RECIPES[recipe]
    w = Weights(dtype)
    G = lambda x: net(w, x, prefix="G.", wrong=wrong == "side")
    D = Judge(kind, w, wrong != "through", wrong == "side")
    verdict = (
        (lambda out, to: ((out - to) ** 2).mean())
        if kind
        else (lambda out, to: F.binary_cross_entropy_with_logits(out, torch.full_like(out, to)))
    )
    tone = grey if kind else lambda x: x
    first = picture("photo", dtype)
    D(D.spectral({})[0], G(first))  # makes all weights
    g = {k: p for k, p in w.items() if k[0] == "G" and p.requires_grad}
    d = {k: p for k, p in w.items() if k[0] == "D"}
    if "G.net.attention.norm.running_mean" in w:
        w["G.net.attention.norm.running_mean"], w["G.net.attention.norm.running_var"] = (
            w[k].clone() for k in ("G.net.attention.norm.running_mean", "G.net.attention.norm.running_var")
        )
    begin = {k: p.detach().clone() for k, p in {**g, **d}.items()}
    init, opt_g, opt_d = (
        Adam(list(g.values()), kind > 0),
        Adam(list(g.values()), kind > 0),
        Adam(list(d.values()), kind > 0),
    )
    rows, moved, gradients = [], [], {}
    for step in range(steps):
        x, y, b = (
            picture(f"{k} {FIRST[recipe] + step}", dtype) for k in ("photo", "art", "smooth")
        )
        second, row = step >= content_steps, {}

        def judge(u):
            W, now = D.spectral(u)
            with torch.no_grad():
                fake = G(x)
            l = real * (verdict(D(W, y), 1.0) + verdict(D(W, fake), 0.0)) + smoothw * verdict(
                D(W, tone(b)), 0.0
            )
            l = l + greyw * verdict(D(W, tone(y)), 0.0) if kind else l
            row["d"] = float(l.detach())
            if second:
                for p in {**g, **d}.values():
                    p.grad = None
                l.backward()
                if step == content_steps:
                    gradients.update({k: p.grad.clone() for k, p in d.items()})
                opt_d.step(RATES["d"])
            return now

        def paint(u):
            W, now = D.spectral(u)
            fake = G(x)
            F_fake = see(fake)
            parts = dict(content=(F_fake - see(x)).abs().mean(), adv=verdict(D(W, fake), 1.0))
            if sty:
                parts.update(
                    style=(gram(F_fake) - gram(see(tone(y)))).abs().mean(),
                    colour=yuv_distance(fake, x),
                    tv=tv(fake),
                )
            weights = dict(content=con, style=sty, colour=col, tv=tvw, adv=adv)
            l = sum(weights[k] * v for k, v in parts.items() if second or k == "content")
            row.update({k: float(v.detach()) for k, v in parts.items()})
            for p in {**g, **d}.values():
                p.grad = None
            l.backward()
            if step == content_steps:
                gradients.update({k: p.grad.clone() for k, p in g.items()})
            (opt_g if second else init).step(RATES["g" if second else "content"])
            return now

        u = dict(D.u)
        for f in (paint, judge) if wrong == "order" else (judge, paint):
            u = f(u)
        if second:
            D.u = u
        if "G.net.attention.norm.running_mean" in w:
            for k, v in zip(("G.net.attention.norm.running_mean", "G.net.attention.norm.running_var"), w.seen):
                w[k].mul_(0.999).add_(v, alpha=0.001)
        rows.append([row.get(k, 0.0) for k in ("content", "style", "adv", "colour", "tv", "d")])
        moved.append(
            [float((p.detach() - begin[k]).double().norm()) for k, p in {**g, **d}.items()]
        )
    return rows, moved, gradients, list(begin), w


def main():
    out, names = {}, {}
    forwards(out)
    losses(out)
    for recipe in RECIPES:
        f32, f64 = train(recipe, torch.float32), train(recipe, torch.float64)
        names[recipe + ".names"] = " ".join(f32[3])
        put = dict(losses=f32[0], losses64=f64[0], moved=f32[1], moved64=f64[1])
        for kind in dict(animegan=("order", "side"), animegan3=("side",), cartoongan=("order",))[
            recipe
        ]:
            put["wrong." + kind] = train(recipe, torch.float64, kind)[0]
        if recipe == "animegan3":
            put["wrong.through"] = train(recipe, torch.float64, "through", 0, 1)[2][THROUGH]
        if "G.net.attention.norm.running_mean" in f64[4]:
            put.update(
                {
                    "running_mean": f64[4]["G.net.attention.norm.running_mean"],
                    "running_var": f64[4]["G.net.attention.norm.running_var"],
                }
            )
        out.update({f"{recipe}.{k}": torch.as_tensor(v) for k, v in put.items()})
        out.update(
            {
                f"{recipe}.gradient.{k}": v
                for k, v in train(recipe, torch.float64, None, 0, 1)[2].items()
            }
        )
        print(
            recipe, np.round(np.array(f64[0]), 4), np.abs(np.array(f32[0]) - np.array(f64[0])).max()
        )
    save_file(
        {k: v.detach().float().contiguous() for k, v in out.items()},
        os.path.join(HERE, "cartoon.safetensors"),
        metadata=names,
    )


if __name__ == "__main__":
    main()
