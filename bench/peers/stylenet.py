# SPDX-License-Identifier: Apache-2.0
"""The networks and losses of `style` in PyTorch, NCHW, pictures in [-1, 1]. Two kinds: as the recipe's first program had
them (Kind()), and as the recipe has them now (a Kind with the numbers of src/train/recipe_style.c)."""
import dataclasses, random
import torch
from torch import nn
from torch.nn import functional as F


@dataclasses.dataclass
class Kind:
    width: int = 24
    blocks: int = 5
    noise: int = 1              # sizes of noise
    bias: bool = True           # also before a norm
    scales: int = 2             # of the discriminator, of `disc` channels
    disc: int = 32
    detail: float = 0           # gain of the finest band beside the picture
    augment: float = 1          # of colours
    hue: bool = False           # the photograph's colours are added before the tanh
    spline: bool = False        # upsampling by B-splines, not bilinear
    half_chroma: bool = False   # of the result
    palette: bool = False       # its colours, seen small, are an affine function of the photograph's
    casts: bool = False         # kept: the Wasserstein distance looks past them, the loss on colours at them
    batch: int = 4
    size: int = 128
    art_batches: int = 4
    projections: int = 64
    head_width: int = 128
    patches: int = 192
    adv: float = 1
    nce: float = 1
    swd: float = 5
    colour: float = 0           # of the loss that holds colours


DEFAULT = Kind(noise=3, bias=False, scales=3, disc=48, detail=2, augment=0.3, hue=True, spline=True, half_chroma=True, palette=True, casts=True,
               adv=2, nce=0.7, swd=8, colour=1.5)
LUMA = torch.tensor([.299, .587, .114])[:, None, None]
OPPONENT = torch.tensor([[6 * .299, 6 * .587, 6 * .114], [25., -25., 0.], [9., 9., -18.]])
AXES = torch.tensor([[.299, .587, .114], [.5, -.5, 0.], [.25, .25, -.5]])
BINOMIAL = torch.tensor([.25, .5, .25])
HIGH = -BINOMIAL[:, None] * BINOMIAL
HIGH[1, 1] += 1
DETAIL = OPPONENT[:, :, None, None] * HIGH


def blur(x, k):
    return F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), k, stride=2, groups=x.shape[1])


def double(x):
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


W3 = (.25 ** 3 / 6, 2 / 3 - .75 ** 2 * .625, 2 / 3 - .25 ** 2 * .875, .75 ** 3 / 6)
W5 = tuple(n / 122880 for n in (1, 3119, 40314, 63854, 15349, 243))


def spline(x, w):
    """B-spline of degree 3 or 5 to twice the size; w: its values at 1.75, .75 ... or 2.75, 1.75 ... from a result.
    Separate sums are the fastest of what was tried (phases by a grouped convolution: twice as long)."""
    k = len(w)
    for d in (3, 2):
        n = x.shape[d]
        first, last = x.narrow(d, 0, 1), x.narrow(d, n - 1, 1)
        p = torch.cat([first] * (k // 2) + [x] + [last] * (k // 2), d)          # F.pad's gradient fails under torch.compile (2.15)
        even = sum(w[i] * p.narrow(d, i, n) for i in range(k))
        odd = sum(w[k - 1 - i] * p.narrow(d, i + 1, n) for i in range(k))
        x = torch.stack([even, odd], d + 1).flatten(d, d + 1)
    return x


class Blur(nn.Module):
    def __init__(self, channels):
        super().__init__()
        k = torch.tensor([1., 3., 3., 1.])
        k = k[:, None] * k[None]
        self.register_buffer("k", (k / k.sum())[None, None].repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x):
        return blur(x, self.k.to(x.dtype))


def conv(i, o, k, bias=True):
    return nn.Conv2d(i, o, k, padding=k // 2, padding_mode="reflect", bias=bias)


def layer(i, o, k, bias, *more):
    return nn.Sequential(conv(i, o, k, bias), nn.InstanceNorm2d(o), nn.ReLU(), *more)


class Res(nn.Module):
    def __init__(self, c, bias):
        super().__init__()
        self.a, self.b = conv(c, c, 3, bias), conv(c, c, 3, bias)
        self.n, self.m = nn.InstanceNorm2d(c), nn.InstanceNorm2d(c)

    def forward(self, x):
        return x + self.m(self.b(F.relu(self.n(self.a(x)))))


class StyleNet(nn.Module):
    def __init__(self, k):
        super().__init__()
        c, b = k.width, k.bias
        self.sizes, self.fine = k.noise, Blur(1)
        self.stem = layer(3 + k.noise, c, 7, b)
        self.d1, self.d2 = layer(c, 2 * c, 3, b, Blur(2 * c)), layer(2 * c, 4 * c, 3, b, Blur(4 * c))
        self.res = nn.ModuleList(Res(4 * c, b) for _ in range(k.blocks))
        self.u1, self.u2 = layer(4 * c, 2 * c, 3, b), layer(2 * c, c, 3, b)
        self.s1, self.s2 = nn.Conv2d(2 * c, 2 * c, 1, bias=b), nn.Conv2d(c, c, 1)
        self.head = conv(c, 3, 7)
        if k.hue:
            self.colour, self.coarse = nn.Conv2d(3, 3, 1, bias=False), Blur(3)
        self.hue, self.spline, self.half_chroma, self.palette = k.hue, k.spline, k.half_chroma, k.palette
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                if m.bias is not None:
                    nn.init.zeros_(m.bias)
        nn.init.normal_(self.head.weight, std=0.02)
        if k.hue:
            nn.init.zeros_(self.colour.weight)

    def encode(self, x, whole=False):
        z = [torch.randn_like(x[:, :1])]
        coarse = z[0]
        for _ in range(1, self.sizes):
            coarse = self.fine(coarse) * 3.2
            z.append(F.interpolate(coarse, size=x.shape[2:], mode="bilinear", align_corners=False))
        f = [x]
        h = self.stem(torch.cat([x] + z, 1))
        f.append(h)
        for d in (self.d1, self.d2):
            h = d(h)
            f.append(h)
        for i, r in enumerate(self.res):
            h = r(h)
            if i == len(self.res) // 2:
                f.append(h)
                if not whole:
                    break
        return f, h

    def forward(self, x):
        f, h = self.encode(x, True)
        h = self.u1(spline(h, W5) if self.spline else double(h)) + self.s1(f[2])
        h = self.u2(spline(h, W3) if self.spline else double(h)) + self.s2(f[1])
        h = self.head(h)
        if self.hue:
            low = self.coarse(self.coarse(x))
            h = h + F.interpolate(low + self.colour(low), size=x.shape[2:], mode="bilinear", align_corners=False)
        y = torch.tanh(h)
        if self.palette:
            odd = unexplained(F.avg_pool2d(x, 4), F.avg_pool2d(y, 4))
            low = double(F.avg_pool2d(odd, 2))
            fine = odd - low
            fine = fine - (fine * LUMA.to(y.dtype)).sum(1, keepdim=True)
            y = y - F.interpolate(low + fine, size=x.shape[2:], mode="bilinear", align_corners=False)
        if self.half_chroma:
            d = y - double(F.avg_pool2d(y, 2))
            y = (y - d + (d * LUMA.to(d.dtype)).sum(1, keepdim=True)).clamp(-1, 1)
        return y


def detail(x, k):
    if not k.detail:
        return x
    return torch.cat([x, F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), k.detail * DETAIL.to(x.dtype))], 1)


class PatchD(nn.Module):
    def __init__(self, channels, c):
        super().__init__()
        sn = nn.utils.parametrizations.spectral_norm
        self.net = nn.Sequential(
            sn(nn.Conv2d(channels, c, 3, padding=1)), nn.LeakyReLU(0.2), Blur(c),
            sn(nn.Conv2d(c, 2 * c, 3, padding=1)), nn.LeakyReLU(0.2), Blur(2 * c),
            sn(nn.Conv2d(2 * c, 4 * c, 3, padding=1)), nn.LeakyReLU(0.2),
            sn(nn.Conv2d(4 * c, 1, 3, padding=1)))

    def forward(self, x):
        return self.net(x)


class MultiD(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.k = k
        self.d = nn.ModuleList(PatchD(6 if k.detail else 3, k.disc) for _ in range(k.scales))

    def forward(self, x):
        out = []
        for d in self.d:
            out.append(d(detail(x, self.k)))
            x = F.avg_pool2d(x, 2)
        return out


class Heads(nn.Module):
    def __init__(self, k):
        super().__init__()
        w = k.head_width
        self.patches = k.patches
        self.mlp = nn.ModuleList(nn.Sequential(nn.Linear(d * k.width, w), nn.ReLU(), nn.Linear(w, w)) for d in (2, 4, 4))

    def forward(self, features, ids=None):
        out, used = [], []
        for i, f in enumerate(features):
            f = f.flatten(2).transpose(1, 2)
            at = ids[i] if ids is not None else torch.randperm(f.shape[1])[:min(self.patches, f.shape[1])]
            out.append(F.normalize(self.mlp[i](f[:, at]), dim=-1))
            used.append(at)
        return out, used


def nce(encode, heads, source, result):
    with torch.no_grad():
        fs, _ = encode(source)
    fd, _ = encode(result)
    kq, ids = heads(fd[2:])
    kk, _ = heads(fs[2:], ids)
    loss = 0
    for q, k in zip(kq, kk):
        logits = torch.bmm(q, k.detach().transpose(1, 2)) / 0.07
        t = torch.arange(q.shape[1]).expand(q.shape[0], -1)
        loss = loss + F.cross_entropy(logits.flatten(0, 1), t.flatten())
    return loss / len(kq)


def same_cast(x):
    cast = x.mean((2, 3), keepdim=True)
    return x - cast + cast.mean(0, keepdim=True)


def patch_swd(a, b, k, scales=3):
    loss = 0
    if k.casts:
        a, b = same_cast(a), same_cast(b)
    for _ in range(scales):
        i, j = random.randrange(2), random.randrange(2)
        w = torch.randn(k.projections, 6 if k.detail else 3, 7, 7)
        w = w / w.flatten(1).norm(dim=1)[:, None, None, None]
        p = [F.conv2d(detail(x, k)[:, :, i:, j:], w, stride=2).transpose(0, 1).flatten(1).float().sort(1)[0] for x in (a, b)]
        n, m = p[0].shape[1], p[1].shape[1]
        loss = loss + (p[0] - p[1][:, (torch.arange(n) * m + m // 2) // n]).abs().mean()
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return loss / scales


def unexplained(was, y):
    def without(y, of):
        return y - of * (y * of).mean((2, 3), keepdim=True) / (of.square().mean((2, 3), keepdim=True) + 0.002)
    was, y = was - was.mean((2, 3), keepdim=True), y - y.mean((2, 3), keepdim=True)
    basis = []
    for m in AXES:
        b = (was * m[:, None, None]).sum(1, keepdim=True)
        for q in basis:
            b = without(b, q)
        basis.append(b)
        y = without(y, b)
    return y


def augment(x, colour):
    n = x.shape[0]
    x = x + (torch.rand(n, 1, 1, 1) - 0.5) * 0.4 * colour
    m = x.mean(1, keepdim=True)
    x = (x - m) * (1 + (torch.rand(n, 1, 1, 1) - 0.5) * colour) + m
    s = x.shape[-1] // 8
    dy, dx = random.randint(-s, s), random.randint(-s, s)
    return torch.roll(F.pad(x, (s, s, s, s)), (dy, dx), (2, 3))[:, :, s:-s, s:-s]


def lsgan(outs, t):
    return sum(((o.float() - t) ** 2).mean() for o in outs) / len(outs)
