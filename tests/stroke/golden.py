#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The fields of src/stroke in PyTorch, written to golden.safetensors.

    python3 tests/stroke/golden.py           needs torch, numpy, pillow, safetensors

    picture   128,192,3   bytes, from tests/data/mountain_path.jpg
    flow      16,192,2    of the picture, without the slow random field; every eighth row, as all that follows
    hold      16,192      of the picture
    smear     16,192,3    of the picture along `directions`, reach by `reach`
    even      16,192,3    the same without
    noise     16,192,4    widths 1.5, 3, 6, 12, six widths each way, along `directions`, from `white`
    flat      16,192,3    of the picture, along `directions`
    lines     16,192      of the picture, along `directions`

`directions`, `reach` and `white` are formulas that the test computes too.
"""
import math
import os
import sys
import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'golden'))
from value import value

H, W = 128, 192


def blur(x, sigma):
    r = max(1, int(3 * sigma + .5))
    t = torch.arange(-r, r + 1, dtype=x.dtype)
    k = torch.exp(-t * t / (2 * sigma * sigma))
    k = k / k.sum()
    c = x.shape[1]
    x = F.conv2d(F.pad(x, (r, r, 0, 0), 'reflect'), k.view(1, 1, 1, -1).repeat(c, 1, 1, 1), groups=c)
    return F.conv2d(F.pad(x, (0, 0, r, r), 'reflect'), k.view(1, 1, -1, 1).repeat(c, 1, 1, 1), groups=c)


def luma(x):
    return (x * torch.tensor([.299, .587, .114]).view(1, 3, 1, 1)).sum(1, keepdim=True)


def slopes(l):
    gx = F.pad(l[:, :, :, 2:] - l[:, :, :, :-2], (1, 1, 0, 0), 'replicate') / 2
    gy = F.pad(l[:, :, 2:] - l[:, :, :-2], (0, 0, 1, 1), 'replicate') / 2
    return gx, gy


def flow(x, fine=2., windows=(7., 18., 48.)):
    gx, gy = slopes(blur(luma(x), fine))
    t = torch.cat([gy * gy - gx * gx, -2 * gx * gy, gx * gx + gy * gy], 1)
    v = 0
    for i, w in enumerate(windows):
        a = blur(t, min(w, min(x.shape[2:]) / 7))
        v = v + .5 ** i * a[:, :2] / (a[:, 2:] + 2e-4)
    angle = torch.atan2(v[:, 1], v[:, 0]) / 2
    return torch.stack([torch.cos(angle), torch.sin(angle)], 1)


def hold(x, fine=1.2, near=5., wide=40.):
    gx, gy = slopes(blur(luma(x), fine))
    most = min(x.shape[2:]) / 7
    a, b, c = blur(torch.cat([gx * gx, gy * gy, gx * gy], 1), min(near, most)).split(1, 1)
    s = ((a + b) / 2 - (((a - b) / 2) ** 2 + c * c).sqrt()).clamp_min(0).sqrt()
    r = s / (blur(s, min(wide, most)) + .004)
    return 1 / (1 + 5 * ((r - 1.1) / .8).clamp(0, 1) * (s / .02).clamp(0, 1))


def sample(x, p, padding):
    h, w = x.shape[2:]
    scale = torch.tensor([2 / (w - 1), 2 / (h - 1)], dtype=x.dtype)
    return F.grid_sample(x, p * scale - 1, align_corners=True, padding_mode=padding)


def places(x):
    y, x = torch.meshgrid(torch.arange(x.shape[2], dtype=x.dtype), torch.arange(x.shape[3], dtype=x.dtype), indexing='ij')
    return torch.stack([x, y], -1)[None]


def turned(v, p, towards):
    n = sample(v, p, 'border').permute(0, 2, 3, 1)
    n = n * torch.sign((n * towards).sum(-1, keepdim=True) + 1e-9)
    return n / (n.norm(dim=-1, keepdim=True) + 1e-6)


def along(x, v, steps, step, reach=None):
    """Sum and weight of x under a cosine window along v."""
    total, weight = x.clone(), 1.
    for sign in (1, -1):
        p, d = places(x), (v * sign).permute(0, 2, 3, 1)
        for i in range(steps):
            p = p + d * step * (1 if reach is None else reach.permute(0, 2, 3, 1))
            share = math.cos(math.pi / 2 * (i + 1) / (steps + 1))
            total = total + share * sample(x, p, 'reflection')
            weight += share
            d = turned(v, p, d)
    return total, weight


def noise(v, white, width, length):
    n = blur(F.interpolate(white, size=v.shape[2:], mode='bilinear', align_corners=False), width / 4)
    step = max(1., width / 3)
    z = along(n, v, max(2, int(length * width / step)), step)[0]
    return z / (z.std() + 1e-6)


def flat(x, v, rounds=3, reach=5, tolerance=.22):
    across = torch.stack([-v[:, 1], v[:, 0]], 1)
    for _ in range(rounds):
        for f, steps in ((v, reach), (across, reach // 2)):
            total, weight = x.clone(), torch.ones_like(x[:, :1])
            for sign in (1, -1):
                p, d = places(x), (f * sign).permute(0, 2, 3, 1)
                for i in range(steps):
                    p = p + d * 1.5
                    s = sample(x, p, 'reflection')
                    w = torch.exp(-((s - x) ** 2).sum(1, keepdim=True) / (2 * tolerance ** 2)) * math.exp(-1.5 * ((i + 1) / steps) ** 2)
                    total, weight = total + w * s, weight + w
                    d = turned(f, p, d)
            x = total / weight
    return x


def lines(x, v, sigma=1., reach=6, gain=14.):
    across = torch.stack([-v[:, 1], v[:, 0]], 1).permute(0, 2, 3, 1)
    l = luma(x) / 2 + .5
    r = math.ceil(4 * sigma)
    t = torch.arange(-r, r + 1).to(x.dtype)
    a, b = torch.exp(-t * t / (2 * sigma ** 2)), torch.exp(-t * t / (2 * (1.6 * sigma) ** 2))
    k = a / a.sum() - .99 * b / b.sum()
    d = sum(k[i] * sample(l, places(x) + across * t[i], 'reflection') for i in range(len(t)))
    d, weight = along(d, v, reach, 1.)
    return torch.tanh((-d / weight * gain * 4).clamp_min(0))


def directions():
    y, x = torch.meshgrid(torch.arange(H, dtype=torch.float64), torch.arange(W, dtype=torch.float64), indexing='ij')
    angle = 1.1 * torch.sin(x / 23) + .9 * torch.cos(y / 19 + x / 57)
    v = torch.stack([torch.cos(angle), torch.sin(angle)])[None]
    return torch.where(v[:, :1] < 0, -v, v).float()


def reach():
    y, x = torch.meshgrid(torch.arange(H, dtype=torch.float64), torch.arange(W, dtype=torch.float64), indexing='ij')
    return (.6 + .4 * torch.sin(x / 11) * torch.sin(y / 13))[None, None].float()


def white(width):
    h, w = math.ceil(H / width * 2) + 2, math.ceil(W / width * 2) + 2
    return torch.from_numpy(value('white', h * w)).reshape(1, 1, h, w).float()


def main():
    torch.set_num_threads(2)
    im = Image.open(os.path.join(HERE, '..', 'data', 'mountain_path.jpg')).convert('RGB').resize((384, 288), Image.BICUBIC).crop((96, 120, 96 + W, 120 + H))
    picture = np.asarray(im).copy()
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    v = directions()
    total, weight = along(x, v, 10, 1.5, reach())
    even, _ = along(x, v, 10, 1.5)
    out = {'flow': flow(x), 'hold': hold(x), 'smear': total / weight, 'even': even / weight, 'flat': flat(x, v), 'lines': lines(x, v),
           'noise': torch.cat([noise(v, white(w), w, 6) for w in (1.5, 3, 6, 12)], 1)}
    out = {k: t[0].permute(1, 2, 0)[::8].contiguous().numpy() for k, t in out.items()}
    save_file({'picture': picture, **out}, os.path.join(HERE, 'golden.safetensors'))


if __name__ == '__main__':
    main()
