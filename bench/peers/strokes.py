# SPDX-License-Identifier: Apache-2.0
"""The strokes of a photograph in PyTorch, as src/stroke has them: flow, hold, smear, noise; NCHW.
usage: strokes.py MODE THREADS RUNS; times all four at 1920x1080; a mode: eager or compile

What is smooth is blurred on means of 2 to 8 pixels a side, which is as good and many times as
fast. The draws are PyTorch's own, so pictures are not fauve's to the bit."""
import math
import common
import torch
from torch.nn import functional as F

MODES = ("eager", "compile")
LUMA = torch.tensor([.299, .587, .114])[:, None, None]
WINDOWS = ((7, 1), (18, 0.5), (48, 0.25))       # of the flow: sigma, weight
CELL = 96                                       # of the slow random field


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


def hold(x, scale=1., detail=0.5):
    """1,1,H,W in (0, 1]: how far the smear may reach"""
    gx, gy = slopes(x, 1.2, scale)
    a, b, both = gauss(torch.cat([gx * gx, gy * gy, gx * gy], 1), 5 * scale).split(1, 1)
    s = ((a + b) / 2 - (((a - b) / 2).square() + both.square()).sqrt()).clamp_min(0).sqrt()
    r = s / (gauss(s, 40 * scale) + 0.004)
    return 1 / (1 + 10 * detail * ((r - 1.1) / 0.8).clamp(0, 1) * (s / 0.02).clamp(0, 1))


def advance(p, way, step, x, v, size):
    """one step on: the places, the ways from there, what lies there"""
    p = p + way * step
    at = p * size - 1
    there = F.grid_sample(x, at, padding_mode="reflection", align_corners=True)
    n = F.grid_sample(v, at, padding_mode="border", align_corners=True).permute(0, 2, 3, 1)
    side = torch.where((n * way).sum(-1, keepdim=True) < -1e-9, -1., 1.)
    return p, n * (side / (n.norm(dim=-1, keepdim=True) + 1e-6)), there


def window(i, steps):
    """of `steps` steps the i'th: a quarter of a cosine"""
    return math.cos(math.pi / 2 * (i + 1) / (steps + 1))


def along(x, v, steps, step, share=window, go=advance):
    """line integral convolution: the weighted sum of what lies along the flow; the weights' sum"""
    h, w = x.shape[2:]
    rows, columns = torch.meshgrid(torch.arange(float(h)), torch.arange(float(w)), indexing="ij")
    size = torch.tensor([2 / (w - 1), 2 / (h - 1)])
    total, weight = x.clone(), 1.
    for sign in (1, -1):
        p = torch.stack([columns, rows], -1)[None]
        way = sign * v.permute(0, 2, 3, 1)
        for i in range(steps):
            p, way, there = go(p, way, step, x, v, size)
            total.add_(there, alpha=share(i, steps))
            weight += share(i, steps)
    return total, weight


def smear(x, v, m, scale=1., go=advance):
    """x along its flow, as far as m lets it: detail becomes stroke"""
    reach, n = 1.5 * scale * m.permute(0, 2, 3, 1), 1
    while n < scale:                    # steps of a large picture shall leave no gaps
        n += 2
    if n > 1:
        total, weight = along(x, v, n // 2, reach / n, lambda i, steps: 1., go)
        x = total / weight
    total, weight = along(x, v, 10, reach, go=go)
    return total / weight


def noise(v, widths, length, scale=1., go=advance):
    """1,widths,H,W: white noise along the flow, each channel of spread 1"""
    h, w = v.shape[2:]
    out = []
    for width in widths:
        grid = [math.ceil(n / (width * scale) * 2) + 2 for n in (h, w)]
        white = F.interpolate(torch.randn(1, 1, *grid), size=(h, w), mode="bilinear")
        step = max(1., width / 3)
        steps = max(2, int(length * width / step))
        z, _ = along(gauss(white, width * scale / 4), v, steps, torch.tensor(step * scale), go=go)
        out.append(z / (z.std() + 1e-6))
    return torch.cat(out, 1)


def main():
    mode, runs, _ = common.arguments(MODES)
    h, w = (64, 96) if common.DRY else (1080, 1920)
    y, x = torch.meshgrid(torch.arange(float(h)), torch.arange(float(w)), indexing="ij")
    waves = 0.8 * torch.sin(x / 31 + 3 * torch.sin(y / 97)) * torch.cos(y / 43)
    photograph = waves + 0.4 * torch.rand(1, 3, h, w) - 0.2
    go = torch.compile(advance) if "compile" in mode else advance

    def step():
        with torch.no_grad():
            v = flow(photograph)
            smear(photograph, v, hold(photograph), go=go)
            noise(v, (1.5, 3, 6, 12), 6, go=go)

    common.report("strokes", step, runs, 2)


if __name__ == "__main__":
    main()
