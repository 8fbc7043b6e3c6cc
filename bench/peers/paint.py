# SPDX-License-Identifier: Apache-2.0
"""Paints one picture with a `style` model, as `fauve apply` does. usage: paint.py MODEL IN OUT [THREADS]"""
import sys
import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
import strokes
from strokenet import load

STROKES, LEAST, MOST, ENLARGED, LEARNT = 0.034, 0.8, 3.2, 4e6, 640      # src/paint/paint.c, paint.h
DETAIL = 0.75                                   # FV_PAINT_DEFAULTS
MULTIPLE, SMALLEST = 16, 32


def working_broad(h, w, widest):
    """how wide the brushes are, as learnt 1; how many times as large it is painted"""
    broad = STROKES * max(h, w) / widest
    size = min(max(broad, LEAST), MOST) / broad
    if size > 1:
        size = max(1, min(size, (ENLARGED / (h * w)) ** 0.5))
    return broad * size, size


def paint(net, k, x):
    h, w = x.shape[2:]
    broad, size = working_broad(h, w, k.brush[0])
    if size != 1:
        canvas = [max(SMALLEST, int(size * n / MULTIPLE + 0.5) * MULTIPLE) for n in (h, w)]
        x = F.interpolate(x, size=canvas, mode="bicubic", antialias=True)
    else:
        below, right = (max(SMALLEST, -(-n // MULTIPLE) * MULTIPLE) - n for n in (h, w))
        x = F.pad(x, (0, right, 0, below), "replicate")
    # What is in the picture is as large as it is, however wide the strokes.
    own = max(0.25, max(x.shape[2:]) / LEARNT)
    v = strokes.flow(x, own)
    y = net(*strokes.dabs(x, v, k.brush, broad, k.length, k.bristle, DETAIL))
    if size != 1:
        y = F.interpolate(y, size=(h, w), mode="bicubic", antialias=True)
    return y[:, :, :h, :w]


def main():
    model, source, target = sys.argv[1:4]
    torch.set_num_threads(int(sys.argv[4]) if len(sys.argv) > 4 else 2)
    net, k = load(model)
    x = torch.from_numpy(np.array(Image.open(source).convert("RGB"))).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        y = paint(net, k, x)[0]
    Image.fromarray(((y + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()).save(target)


if __name__ == "__main__":
    main()
