# SPDX-License-Identifier: Apache-2.0
"""The strokes of a photograph in PyTorch, as src/stroke has them: its flow, and the photograph in
dabs of paint; NCHW. usage: strokes.py MODE THREADS RUNS; times both at 1920x1080; a mode: eager or
compile

What is smooth is blurred on means of 2 to 8 pixels a side, which is as good and many times as
fast. All dabs of a brush are laid at once, then painted one row of their windows at a time. The
draws are PyTorch's own, so pictures are not fauve's to the bit."""
import math
import common
import torch
from torch.nn import functional as F

MODES = ("eager", "compile")
LUMA = torch.tensor([.299, .587, .114])[:, None, None]
WINDOWS = ((7, 1), (18, 0.5), (48, 0.25))       # of the flow: sigma, weight
CELL = 96                                       # of the slow random field
BRUSHES = (12, 6, 3, 1.5)
PROBES = 4                                      # each way along a dab
ENDS = 0.3                                      # a dab ends where the colour is off by so much


def axis(x, kernel, d):
    """x convolved with a kernel along axis d; borders mirrored"""
    c, r = x.shape[1], len(kernel) // 2
    x = F.pad(x, (0, 0, r, r) if d == 2 else (r, r, 0, 0), "reflect")
    k = kernel.view((1, 1, -1, 1) if d == 2 else (1, 1, 1, -1))
    return F.conv2d(x, k.expand(c, -1, -1, -1), groups=c)


def gauss(x, sigma):
    """sigma: pixels, a seventh of the shorter side at most"""
    h, w = x.shape[2:]
    sigma, n = min(sigma, min(h, w) / 7), 1
    while n < 8 and sigma / (2 * n) >= 3 and h % (2 * n) == 0 and w % (2 * n) == 0:
        n *= 2
    if n > 1:                           # means and the way back blur too
        sigma = math.sqrt(sigma ** 2 - (n * n - 1) / 12 - n * n / 6) / n
        x = F.avg_pool2d(x, n)
    r = max(1, int(3 * sigma + 0.5))
    t = torch.arange(-r, r + 1.)
    k = torch.exp(-t * t / (2 * sigma * sigma))
    k = k / k.sum()
    x = axis(axis(x, k, 3), k, 2)
    return F.interpolate(x, size=(h, w), mode="bilinear") if n > 1 else x


def slopes(x, sigma, scale):
    """of luma, a pixel of the training's size"""
    l = gauss((x * LUMA).sum(1, keepdim=True), sigma * scale)
    gx = F.pad(l[..., 2:] - l[..., :-2], (1, 1, 0, 0), "replicate")
    gy = F.pad(l[:, :, 2:] - l[:, :, :-2], (0, 0, 1, 1), "replicate")
    return gx * (scale / 2), gy * (scale / 2)


def flow(x, scale=1., wander=0.12):
    """1,2,H,W: unit vectors along the strokes, the structure tensor's minor direction"""
    h, w = x.shape[2:]
    gx, gy = slopes(x, 2, scale)
    tensor = torch.cat([gy * gy - gx * gx, -2 * gx * gy, gx * gx + gy * gy], 1)
    cells = torch.randn(1, 2, int(h / (CELL * scale)) + 2, int(w / (CELL * scale)) + 2)
    v = wander * F.interpolate(cells, size=(h, w), mode="bicubic", align_corners=True)
    for sigma, weight in WINDOWS:
        t = gauss(tensor, sigma * scale)
        v += weight * t[:, :2] / (t[:, 2:] + 2e-4)
    angle = torch.atan2(v[:, 1:], v[:, :1]) / 2
    return torch.cat([angle.cos(), angle.sin()], 1)


def at(x, px, py):
    """x, 1,C,H,W, between its pixels: C and the shape of px, which has two axes"""
    h, w = x.shape[2:]
    p = torch.stack([px * (2 / (w - 1)) - 1, py * (2 / (h - 1)) - 1], -1)
    return F.grid_sample(x, p[None], padding_mode="border", align_corners=True)[0]


def across(x, d, along):
    """the mean of x across each dab, `along` pixels from its middle: 3 and the shape of along"""
    sag = 0.5 * d["bend"] * along * along
    total = 0
    for i in (-0.55, 0, 0.55):
        t = sag + i * d["width"]
        total = total + at(x, d["x"] + along * d["vx"] - t * d["vy"],
                           d["y"] + along * d["vy"] + t * d["vx"])
    return total / 3


def lay(x, v, painted, brush, length, detail, number):
    """the dabs of one brush, each field n,1: where they lie, how long they are, their colour"""
    h, w = x.shape[2:]
    squares = torch.arange((int(h / brush) + 3) * (int(w / brush) + 3))[:, None]
    # So many that their places stay in the cache.
    parts = [lay_some(x, v, painted, brush, length, detail, number, s) for s in squares.split(4096)]
    return {k: torch.cat([p[k] for p in parts]) for k in parts[0]}


def lay_some(x, v, painted, brush, length, detail, number, square):
    h, w = x.shape[2:]
    columns, n = int(w / brush) + 3, len(square)
    r = torch.rand(6, n, 1)
    d = dict(x=(square % columns - 1 + r[0]) * brush - 0.5,
             y=(square // columns - 1 + r[1]) * brush - 0.5,
             width=0.5 * brush * (1.1 + 0.5 * r[2]))
    long = 0.5 * brush * length * (1 + 0.6 * (r[3] - 0.5))

    def flow_at(px, py):
        i = (py + 0.5).long().clamp(0, h - 1) * w + (px + 0.5).long().clamp(0, w - 1)
        return v.view(2, -1)[:, i]

    f = flow_at(d["x"], d["y"])
    turn = 0.3 * (r[4] - 0.5)
    c, s = turn.cos(), turn.sin()
    d["vx"], d["vy"] = c * f[0] - s * f[1], s * f[0] + c * f[1]
    turned = 0
    for way in (-0.6 * long, 0.6 * long):
        g = flow_at(d["x"] + way * d["vx"], d["y"] + way * d["vy"])
        cross, same = f[0] * g[1] - f[1] * g[0], (f * g).sum(0)
        turned = turned + way.sign() * torch.where(same < 0, -cross, cross)
    d["bend"] = turned.clamp(-0.7, 0.7) / (1.2 * long)

    probes = across(x, d, long * torch.arange(-PROBES, PROBES + 1) / PROBES)
    off = (probes - probes[:, :, PROBES:PROBES + 1]).abs().mean(0)
    like = (off <= ENDS).float()
    sides = [like[:, :PROBES].flip(1).cumprod(1), like[:, PROBES + 1:].cumprod(1)]
    kept = torch.cat([sides[0].flip(1), torch.ones(n, 1), sides[1]], 1)
    d["colour"] = ((probes * kept).sum(2) / kept.sum(1)).t()
    counts = [s.sum(1, keepdim=True) for s in sides]
    back, on = (torch.where(k < PROBES, torch.maximum(d["width"], long * k / PROBES), long)
                for k in counts)
    if number > 0:
        looks = torch.cat([-0.6 * back, torch.zeros(n, 1), 0.6 * on], 1)
        missed = (across(painted, d, looks) - across(x, d, looks)).abs().mean((0, 2))
        laid = (r[5, :, 0] < 0.1 / number) | (missed >= 0.16 * (1 - detail) + 0.04)
        d = {k: a[laid] for k, a in d.items()}
        back, on = back[laid], on[laid]

    along = (on - back) / 2
    slope, sag = d["bend"] * along, 0.5 * d["bend"] * along * along
    vx, vy = d["vx"] - slope * d["vy"], d["vy"] + slope * d["vx"]
    norm = torch.hypot(vx, vy)
    d["x"], d["y"] = (d["x"] + along * d["vx"] - sag * d["vy"],
                      d["y"] + along * d["vy"] + sag * d["vx"])
    d["vx"], d["vy"], d["length"] = vx / norm, vy / norm, (back + on) / 2 + 0.3 * d["width"]
    return d


def inside(px, py, x, y, vx, vy, bend):
    """where pixels lie in dabs: along, across"""
    dx, dy = px - x, py - y
    u = dx * vx + dy * vy
    return u, dy * vx - dx * vy - 0.5 * bend * u * u


def covers(px, py, h, w, x, y, vx, vy, bend, length, width):
    u, t = inside(px, py, x, y, vx, vy, bend)
    u, t = (u / length).square(), (t / width).square()
    return (u * u + t < 1) & (px >= 0) & (px < w) & (py >= 0) & (py < h)


PLACE = ("x", "y", "vx", "vy", "bend")


def tops(d, h, w):
    """of each pixel the dab on top, -1: none; dabs' ranks are drawn by chance"""
    n = len(d["x"])
    key = torch.randperm(n) << 32 | torch.arange(n)
    top = torch.full((h * w,), -1)
    cross = d["width"] + 0.5 * d["bend"].abs() * d["length"] ** 2
    high = d["vy"].abs() * d["length"] + d["vx"].abs() * cross
    wide = d["vx"].abs() * d["length"] + d["vy"].abs() * cross
    # Dabs with windows alike go together, so that few of the looks are for nothing.
    for part in torch.argsort(high[:, 0] / wide[:, 0]).chunk(8):
        e = [d[k][part] for k in (*PLACE, "length", "width")]
        left = (e[0] - wide[part]).ceil()
        columns = torch.arange(int(2 * wide[part].max()) + 2)
        first, keys = (e[1] - high[part]).ceil(), key[part]
        for row in range(int(2 * high[part].max()) + 2):
            px, py = left + columns, first + row
            on = covers(px, py, h, w, *e)
            i, j = on.nonzero(as_tuple=True)
            place = py[i, 0].long() * w + px[i, j].long()
            top.scatter_reduce_(0, place, keys[i], "amax")
    return torch.where(top < 0, top, top & 0xFFFFFFFF)


def dabs(x, v, brushes=BRUSHES, broad=1., length=4., bristle=1.5, detail=0.5):
    """1,3,H,W and 1,4,H,W: the photograph in dabs of paint; three numbers of each, and bristles"""
    h, w = x.shape[2:]
    y, z = x.clone(), torch.zeros(1, 4, h, w)
    flat, marks = y.view(3, -1), z.view(4, -1)
    per = max(1., bristle * broad)
    for number, brush in enumerate(brushes):
        d = lay(x, v, y, brush * broad, length, detail, number)
        n = len(d["x"])
        if n == 0:
            continue
        top = tops(d, h, w)
        pixel = (top >= 0).nonzero()[:, 0]
        dab = top[pixel]
        flat[:, pixel] = d["colour"][dab].t()
        even = lambda *shape: (torch.rand(*shape) - 0.5) * 12 ** 0.5
        marks[:3, pixel] = even(3, n)[:, dab]
        _, t = inside((pixel % w).float(), (pixel // w).float(), *(d[k][dab, 0] for k in PLACE))
        half = int(d["width"].max() / per) + 1
        bristles = even(n, 2 * half + 2).flatten()
        t = t / per + half
        left = t.floor()
        i = dab * (2 * half + 2) + left.long()
        marks[3, pixel] = torch.lerp(bristles[i], bristles[i + 1], t - left)
    k = torch.tensor([0.25, 0.5, 0.25])
    y = F.pad(y, (1, 1, 1, 1), "replicate")
    return F.conv2d(y, (k[:, None] * k).expand(3, 1, 3, 3), groups=3), z


def main():
    mode, runs, _ = common.arguments(MODES)
    h, w = (64, 96) if common.DRY else (1080, 1920)
    y, x = torch.meshgrid(torch.arange(float(h)), torch.arange(float(w)), indexing="ij")
    waves = 0.8 * torch.sin(x / 31 + 3 * torch.sin(y / 97)) * torch.cos(y / 43)
    photograph = waves + 0.4 * torch.rand(1, 3, h, w) - 0.2
    if "compile" in mode:
        global covers
        covers = torch.compile(covers, dynamic=True)

    def step():
        with torch.no_grad():
            dabs(photograph, flow(photograph))

    common.report("strokes", step, runs, 2)


if __name__ == "__main__":
    main()
