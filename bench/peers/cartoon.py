# SPDX-License-Identifier: Apache-2.0
"""A training step of AnimeGAN v2 (width 16) or CartoonGAN (width 24): 128x128, batch 2, VGG-16 of
made-up weights as the teacher, as src/train/cartoon_graph.c has it.
usage: cartoon.py MODE THREADS RUNS animegan|cartoongan; a mode joins words by -: eager or compile;
cl (channels last); autocast (bf16)"""
import common
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

MODES = [a + b + c for a in ("eager", "compile") for b in ("", "-autocast") for c in ("", "-cl")]
YUV = torch.tensor([[0.299, 0.587, 0.114], [-0.14714119, -0.28886916, 0.43601035],
                    [0.61497538, -0.51496512, -0.10001026]])


class Pad(nn.Module):
    """mirrored; at stride 2 right and below only"""
    def __init__(self, k, stride):
        super().__init__()
        self.by = (0, 1, 0, 1) if stride == 2 else (k // 2,) * 4

    def forward(self, x):
        return F.pad(x, self.by, "reflect") if any(self.by) else x


def light(i, o, k=3, stride=1, groups=1):
    """a layer of AnimeGAN: its norm looks at whole pictures"""
    return nn.Sequential(Pad(k, stride), nn.Conv2d(i, o, k, stride, groups=groups,
                                                   bias=groups > 1),
                         nn.GroupNorm(1, o), nn.LeakyReLU(0.2, True))


class Inverted(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        c = 2 * i
        self.layers = nn.Sequential(light(i, c, 1), light(c, c, groups=c),
                                    nn.Conv2d(c, o, 1, bias=False), nn.GroupNorm(1, o))
        self.same = i == o

    def forward(self, x):
        return x + self.layers(x) if self.same else self.layers(x)


def animegan(n):
    twice = lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    return nn.Sequential(
        light(3, n, 7), light(n, 2 * n, stride=2), light(2 * n, 2 * n),
        light(2 * n, 4 * n, stride=2), light(4 * n, 4 * n), light(4 * n, 4 * n),
        Inverted(4 * n, 8 * n), *(Inverted(8 * n, 8 * n) for _ in range(3)), light(8 * n, 4 * n),
        twice(), light(4 * n, 4 * n), light(4 * n, 4 * n),
        twice(), light(4 * n, 2 * n), light(2 * n, 2 * n), light(2 * n, n, 7),
        nn.Conv2d(n, 3, 1, bias=False), nn.Tanh())


def norm(c):
    return nn.InstanceNorm2d(c, eps=1e-9, affine=True)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        conv = lambda: nn.Conv2d(c, c, 3, 1, 1, bias=False, padding_mode="reflect")
        self.layers = nn.Sequential(conv(), norm(c), nn.ReLU(True), conv(), norm(c))

    def forward(self, x):
        return x + self.layers(x)


def cartoongan(n, blocks=8):
    m = [nn.Conv2d(3, n, 7, 1, 3, bias=False, padding_mode="reflect"), norm(n), nn.ReLU(True)]
    for c in (n, 2 * n):
        m += [nn.Conv2d(c, 2 * c, 3, 2, 1), nn.Conv2d(2 * c, 2 * c, 3, 1, 1, bias=False),
              norm(2 * c), nn.ReLU(True)]
    m += [Block(4 * n) for _ in range(blocks)]
    for c in (4 * n, 2 * n):
        m += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, 1),
              nn.Conv2d(c // 2, c // 2, 3, 1, 1, bias=False), norm(c // 2), nn.ReLU(True)]
    return nn.Sequential(*m, nn.Conv2d(n, 3, 7, 1, 3, padding_mode="reflect"), nn.Tanh())


def discriminator(anime, n):
    """input, output, stride, normed"""
    layers = [(3, n, 1, 0), (n, 2 * n, 2, 0), (2 * n, 4 * n, 1, 1), (4 * n, 4 * n, 2, 0),
              (4 * n, 8 * n, 1, 1), (8 * n, 8 * n, 1, 1), (8 * n, 1, 1, 0)]
    m = []
    for i, o, stride, normed in layers:
        conv = nn.Conv2d(i, o, 3, stride, bias=not anime and not normed)
        by = (1, 0, 1, 0) if anime and stride == 2 else (1,) * 4
        pad = nn.ZeroPad2d(by) if anime else nn.ReflectionPad2d(by)
        m += [pad, spectral_norm(conv) if anime else conv]
        if normed:
            m += [nn.GroupNorm(1, o) if anime else nn.InstanceNorm2d(o, affine=True)]
        if o > 1:
            m += [nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*m)


def vgg16():
    m, i = [], 3
    for block, (c, n) in enumerate(((64, 2), (128, 2), (256, 3), (512, 1))):
        m += [nn.AvgPool2d(2)] if block else []
        for _ in range(n):
            m += [nn.Conv2d(i, c, 3, 1, 1, padding_mode="reflect"), nn.ReLU(True)]
            i = c
    return nn.Sequential(*m).requires_grad_(False)


def grey(x):
    return (x * YUV[0][None, :, None, None]).sum(1, keepdim=True).expand_as(x)


def yuv(a, b):
    a, b = (torch.einsum("ij,njhw->nihw", YUV, (v + 1) / 2) for v in (a, b))
    return F.l1_loss(a[:, 0], b[:, 0]) + sum(F.huber_loss(a[:, i], b[:, i]) for i in (1, 2))


def gram(x):
    f = x.flatten(2)
    return f @ f.transpose(1, 2) / f[0].numel()


def variation(x):
    return ((x[:, :, 1:] - x[:, :, :-1]) ** 2).mean() / 2 + \
           ((x[..., 1:] - x[..., :-1]) ** 2).mean() / 2


def main():
    mode, runs, more = common.arguments(MODES)
    anime = more == ["animegan"]
    side, batch = (32, 1) if common.DRY else (128, 2)
    width = 2 if common.DRY else 16 if anime else 24
    g = animegan(width) if anime else cartoongan(width)
    d, teacher = discriminator(anime, width if anime else width // 2), vgg16()
    x, y, smooth = (torch.rand(batch, 3, side, side) * 2 - 1 for _ in range(3))
    if "cl" in mode:
        last = torch.channels_last
        g, d, teacher = (n.to(memory_format=last) for n in (g, d, teacher))
        x, y, smooth = (v.contiguous(memory_format=last) for v in (x, y, smooth))
    opt_d = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999), fused=True)
    opt_g = torch.optim.Adam(g.parameters(), 1e-4, (0.5, 0.999), fused=True)
    nets = g, d, teacher
    paint, judge, see = (torch.compile(n) for n in nets) if "compile" in mode else nets
    if anime:
        verdict = lambda out, to: ((out - to) ** 2).mean()
    else:
        verdict = lambda out, to: F.binary_cross_entropy_with_logits(
            out, torch.full_like(out, to))

    def step():
        with common.casting(mode):
            fake = paint(x)
            sorts = [(y, 1.), (fake.detach(), 0.), (grey(smooth) if anime else smooth, 0.)]
            sorts += [(grey(y), 0.)] if anime else []
            verdicts = judge(torch.cat([s for s, _ in sorts])).chunk(len(sorts))
            loss = sum(verdict(v, to) for v, (_, to) in zip(verdicts, sorts))
        common.update(opt_d, loss)
        d.requires_grad_(False)
        with common.casting(mode):
            map, wanted = see(fake), see(x)
            loss = F.l1_loss(map, wanted) + verdict(judge(fake), 1.)
            if anime:
                loss = loss + F.l1_loss(gram(map), gram(see(grey(y)))) + yuv(fake, x)
                loss = loss + variation(fake)
        common.update(opt_g, loss)
        d.requires_grad_(True)

    common.report(more[0], step, runs, 2)


if __name__ == "__main__":
    main()
