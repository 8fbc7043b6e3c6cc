#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The fields of src/stroke in PyTorch and numpy, written to golden.safetensors.

    python3 tests/stroke/golden.py           needs torch, numpy, pillow, safetensors

    picture       128,192,3   bytes, from tests/data/mountain_path.jpg
    flow          16,192,2    of the picture, without the slow random field; as all that follows,
                              every eighth row
    under         16,192,3    the picture in dabs along `directions`: brushes 12, 6, 3 and 1.5, broad 1,
                              length 4, bristles 1.5, detail 0.5, seed 7
    marks         16,192,4    of these dabs
    under broad   16,192,3    the same with brushes 8, 4 and 2, broad 1.7, detail 0.9
    marks broad   16,192,4
    flat          16,192,3    of the picture, along `directions`
    lines         16,192      of the picture, along `directions`

`directions` is a formula that the test computes too.
"""
import math
import os
import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))

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


def sample(x, p, padding, mode='bilinear'):
    h, w = x.shape[2:]
    scale = torch.tensor([2 / (w - 1), 2 / (h - 1)], dtype=x.dtype)
    return F.grid_sample(x, p * scale - 1, mode, padding, align_corners=True)


def places(x):
    y, x = torch.meshgrid(torch.arange(x.shape[2], dtype=x.dtype), torch.arange(x.shape[3], dtype=x.dtype), indexing='ij')
    return torch.stack([x, y], -1)[None]


def turned(v, p, towards):
    n = sample(v, p, 'border', 'nearest').permute(0, 2, 3, 1)
    return n * torch.sign((n * towards).sum(-1, keepdim=True) + 1e-9)


def along(x, v, steps, step):
    """Sum and weight of x under a cosine window along v."""
    total, weight = x.clone(), 1.
    for sign in (1, -1):
        p, d = places(x), (v * sign).permute(0, 2, 3, 1)
        for i in range(steps):
            p = p + d * step
            share = math.cos(math.pi / 2 * (i + 1) / (steps + 1))
            total = total + share * sample(x, p, 'reflection')
            weight += share
            d = turned(v, p, d)
    return total, weight


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


# ------------------------------------------------------------------ dabs, in numpy
PROBES, LONGER, WIDER, NARROWEST, TURN, MOST_BEND, ENDS, OFTEN = 4, .6, .5, 1.1, .3, .7, .3, .1
WORD = 2 ** 32 - 1


def purpose(name):
    """FNV-1a, 64 bits"""
    h = 1469598103934665603
    for c in name.encode():
        h = (h ^ c) * 1099511628211 % 2 ** 64
    return h


def philox(key, hi, lo):
    """Philox-4x32-10 of a key at counters: four words each, in uint64"""
    c = [lo & WORD, lo >> 32, hi & WORD, hi >> 32]
    for i in range(10):
        k0, k1 = ((key & WORD) + i * 0x9E3779B9) & WORD, ((key >> 32) + i * 0xBB67AE85) & WORD
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k0, b & WORD, (a >> 32) ^ c[3] ^ k1, a & WORD]
    return c


def unit(word):
    """[0, 1)"""
    return (word >> 8) / 2. ** 24


def even(rank, i):
    """number i of the dab with this rank: even, of mean 0 and spread 1"""
    with np.errstate(over='ignore'):
        n = rank << np.uint64(32) | np.asarray(i, np.int64).astype(np.uint64) & WORD
        n = n * 0x9E3779B97F4A7C15
        n = (n ^ n >> np.uint64(32)) * 0xD6E8FEB86659FD93
    return 12 ** .5 * ((n >> np.uint64(40)) / 2. ** 24 - .5)


def dot(a, b):
    return (a * b).sum(-1, keepdims=True)


def left_of(v):
    """v turned by a quarter"""
    return np.stack([-v[..., 1], v[..., 0]], -1)


def between(x, p):
    """x, h,w,c, at places p, ...,2, of its nearest pixels' squares"""
    most = np.array([x.shape[1], x.shape[0]]) - 1
    p = p.clip(0, most)
    a = np.floor(p).astype(int)
    b, f = np.minimum(a + 1, most), p - a
    fx, fy = f[..., :1], f[..., 1:]
    above = (1 - fx) * x[a[..., 1], a[..., 0]] + fx * x[a[..., 1], b[..., 0]]
    below = (1 - fx) * x[b[..., 1], a[..., 0]] + fx * x[b[..., 1], b[..., 0]]
    return (1 - fy) * above + fy * below


def pixel(v, p):
    """v, h,w,c, in the pixel that the place p is in"""
    at = np.floor(p + .5).astype(int).clip(0, np.array([v.shape[1], v.shape[0]]) - 1)
    return v[at[..., 1], at[..., 0]]


def lay(x, v, painted, brush, number, o):
    """the dabs of a brush: arrays of n,1 or n,c; only those that are laid"""
    rows, columns = (int(n / brush) + 3 for n in x.shape[:2])
    row, column = (i.reshape(-1, 1) for i in np.mgrid[:rows, :columns].astype(np.uint64))
    key = o['seed'] ^ purpose('dabs')
    place = row << np.uint64(32) | column
    a, b = (philox(key, np.full_like(place, 2 * number + i), place) for i in (0, 1))
    rank = a[2] | 1
    middle = brush * np.concatenate([column + unit(a[0]) - 1, row + unit(a[1]) - 1], 1) - .5
    length = brush * o['length'] / 2 * (1 + LONGER * (unit(b[0]) - .5))
    width = brush / 2 * (NARROWEST + WIDER * unit(b[1]))
    flow, turn = pixel(v, middle), TURN * (unit(b[2]) - .5)
    way = np.cos(turn) * flow + np.sin(turn) * left_of(flow)

    # It bends as the flow turns from one place of the dab to another.
    turned = 0
    for sign in (-1, 1):
        f = pixel(v, middle + sign * .6 * length * way)
        f = np.where(dot(f, flow) < 0, -f, f)
        turned = turned + sign * dot(left_of(flow), f)
    bend = turned.clip(-MOST_BEND, MOST_BEND) / (1.2 * length)

    def mean(x, along):
        """of x across the dab at so many pixels along it"""
        across = [bend / 2 * along ** 2 + i * .55 * width for i in (-1, 0, 1)]
        return sum(between(x, middle + along * way + t * left_of(way)) for t in across) / 3

    def apart(a, b):
        return np.abs(a - b).mean(-1, keepdims=True)

    # It ends before the first probe whose colour is another; of the others it takes the mean.
    own = mean(x, 0 * length)
    total, count, ends = own, 1, []
    for sign in (-1, 1):
        like = True
        reached = 0 * length
        for i in range(1, PROBES + 1):
            there = mean(x, sign * length * i / PROBES)
            like = like & (apart(own, there) <= ENDS)
            total, count = total + like * there, count + like
            reached = reached + like * length / PROBES
        ends.append(np.where(like, length, np.maximum(width, reached)))

    # The first brush covers all; others go where that is wanted, and here and there by chance.
    laid = np.full(rank.shape, True)
    if number:
        looks = -.6 * ends[0], 0 * length, .6 * ends[1]
        off = sum(apart(mean(painted, at), mean(x, at)) for at in looks) / 3
        laid = (off >= .16 * (1 - o['detail']) + .04) | (unit(b[3]) < OFTEN / number)

    # The middle moves along the bend to between the ends.
    along = (ends[1] - ends[0]) / 2
    middle = middle + along * way + bend / 2 * along ** 2 * left_of(way)
    way = way + bend * along * left_of(way)
    way = way / np.sqrt(dot(way, way))
    d = dict(rank=rank, middle=middle, way=way, bend=bend, width=width, colour=total / count,
             length=(ends[0] + ends[1]) / 2 + .3 * width)
    return {k: a[laid[:, 0]] for k, a in d.items()}


def dabs(x, v, **o):
    """under, h,w,3, and marks, h,w,4, of x along v"""
    h, w = x.shape[:2]
    y, z = x.copy(), np.zeros((h, w, 4))
    for number, brush in enumerate(o['brushes']):
        d = lay(x, v, y, brush * o['broad'], number, o)
        # The highest rank is on top, so it comes last.
        for i in np.argsort(d['rank'][:, 0]):
            rank, middle, way, colour = (d[k][i] for k in ('rank', 'middle', 'way', 'colour'))
            bend, width, length = (d[k][i, 0] for k in ('bend', 'width', 'length'))
            reach = length + width + abs(bend) / 2 * length ** 2
            x0, y0 = np.ceil(middle - reach).astype(int).clip(0, (w, h))
            x1, y1 = np.ceil(middle + reach).astype(int).clip(0, (w, h))
            p = np.stack(np.meshgrid(np.arange(x0, x1), np.arange(y0, y1)), -1) - middle
            u = dot(p, way)[..., 0]
            t = dot(p, left_of(way))[..., 0] - bend / 2 * u ** 2
            on = (u / length) ** 4 + (t / width) ** 2 < 1
            t = t[on] / max(1, o['bristle'] * o['broad']) + 4096
            share = t - np.floor(t)
            bristles = (1 - share) * even(rank, np.floor(t)) + share * even(rank, np.floor(t) + 1)
            three = np.broadcast_to(even(rank, [-1, -2, -3]), (len(t), 3))
            y[y0:y1, x0:x1][on] = colour
            z[y0:y1, x0:x1][on] = np.concatenate([three, bristles[:, None]], 1)
    for axis in (0, 1):
        first, last = y.take([0], axis), y.take([-1], axis)
        p = np.concatenate([first, y, last], axis)
        of = [p.take(range(i, i + y.shape[axis]), axis) for i in range(3)]
        y = (of[0] + 2 * of[1] + of[2]) / 4
    return y, z


# ------------------------------------------------------------------ the file
def directions():
    y, x = torch.meshgrid(torch.arange(H, dtype=torch.float64), torch.arange(W, dtype=torch.float64), indexing='ij')
    angle = 1.1 * torch.sin(x / 23) + .9 * torch.cos(y / 19 + x / 57)
    v = torch.stack([torch.cos(angle), torch.sin(angle)])[None]
    return torch.where(v[:, :1] < 0, -v, v).float()


def main():
    torch.set_num_threads(2)
    im = Image.open(os.path.join(HERE, '..', 'data', 'mountain_path.jpg')).convert('RGB').resize((384, 288), Image.BICUBIC).crop((96, 120, 96 + W, 120 + H))
    picture = np.asarray(im).copy()
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    v = directions()
    out = {'flow': flow(x), 'flat': flat(x, v), 'lines': lines(x, v)}
    out = {k: t[0].permute(1, 2, 0).numpy() for k, t in out.items()}
    x, v = picture / 127.5 - 1, v[0].permute(1, 2, 0).double().numpy()
    o = dict(brushes=(12, 6, 3, 1.5), broad=1, length=4, bristle=1.5, detail=.5, seed=7)
    out['under'], out['marks'] = dabs(x, v, **o)
    o.update(brushes=(8, 4, 2), broad=1.7, detail=.9)
    out['under broad'], out['marks broad'] = dabs(x, v, **o)
    out = {k: np.ascontiguousarray(a[::8], np.float32) for k, a in out.items()}
    save_file({'picture': picture, **out}, os.path.join(HERE, 'golden.safetensors'))


if __name__ == '__main__':
    main()
