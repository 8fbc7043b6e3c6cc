#!/usr/bin/env python3
"""golden.py METRICS.PY >golden.h: what the reference says of the pictures that measures.c makes too.

Needs numpy, pillow, scipy. The pictures are whole-number functions of their index, the same in both programs."""
import importlib.util, sys
import numpy as np
from PIL import Image

spec = importlib.util.spec_from_file_location("metrics", sys.argv[1])
m = importlib.util.module_from_spec(spec)
spec.loader.exec_module(m)
m.round = lambda v, digits=0: v if digits else round(v)        # figures in full

WEIGHT = dict(photo=[12, 8, 20, 0, 60, 0, 150], art=[30, 50, 30, 40, 20, 60, 20], more=[26, 54, 30, 44, 24, 52, 20])
BASE = dict(photo=(10, 0, 20), art=(0, 20, 50), more=(4, 18, 44))


def hashed(x, y, salt):
    h = (x.astype(np.uint32) * np.uint32(0x9E3779B1)) ^ (y.astype(np.uint32) * np.uint32(0x85EBCA77)) ^ np.uint32(salt * 0xC2B2AE3D & 0xffffffff)
    h = (h ^ h >> 15) * np.uint32(0x2C1B3C6D)
    h = (h ^ h >> 12) * np.uint32(0x297A2D39)
    return (h ^ h >> 15).astype(np.int64)


def size(i):
    return (200, 300) if i == 3 else (260 + i * 37 % 80, 258 + i * 53 % 90)        # width, height


def picture(kind, i):
    w, h = size(i)
    y, x = np.mgrid[:h, :w]
    out = np.zeros((h, w, 3), np.int64)
    for c in range(3):
        for s, k in enumerate(WEIGHT[kind]):
            salt = 1 + i * 97 + c * 13 + s * 1009 + len(kind) * 100003
            out[..., c] += (hashed((x + 13 * i) >> s, (y + 5 * i) >> s, salt) & 255) * k >> 8
        out[..., c] += BASE[kind][c]
    return out.clip(0, 255)


def paint(photo, i):
    y, x = np.mgrid[:photo.shape[0], :photo.shape[1]]
    out = (3 * photo + 2 * photo[..., [1, 2, 0]]) // 5 + (hashed(x >> 1, y, 7 + i)[..., None] & 31) - 12
    return out.clip(0, 255)


im = lambda a: Image.fromarray(a.astype(np.uint8))
photos = [im(picture("photo", i)) for i in range(8)]
outs = [im(paint(picture("photo", i), i)) for i in range(8)]
art = [m.square(im(picture("art", i))) for i in range(7)]
more = [m.square(im(picture("more", i))) for i in range(9)]
f = lambda s: [np.asarray(p, np.float32) for p in s]
n, s = f(photos), [m.square(p) for p in photos]
r = dict(painted=m.report([m.square(p) for p in outs], f(outs), s, n, art), identity=m.report(s, n, s, n, art))
st = np.stack([[m.lab(p).mean(0), m.lab(p).std(0)] for p in art]).mean(0)
rh = [m.reinhard(p, *st) for p in n]
rs = [m.square(im(p.round())) for p in rh]
r["reinhard"] = m.report(rs, rh, s, n, art)
r["bands"] = m.report(m.bands(rs, art), m.bands(s, art), s, s, art)
r["real"] = dict(n=9, swd=m.swd(more, art), auc=m.auc(more, art), lattice=m.lattice(more), chroma=m.chroma(more) / m.chroma(art))


def numbers(v):
    return "{ " + ", ".join("NAN" if x is None else "%.7g" % x for x in v) + " }"


fnv = 1469598103934665603
for p in s:
    for b in p.astype(np.uint8).tobytes():
        fnv = (fnv ^ b) * 1099511628211 & (1 << 64) - 1
print("/* SPDX-License-Identifier: Apache-2.0 */\n/* golden.py wrote this: numpy %s, Pillow %s. */" % (np.__version__, Image.__version__))
print("static const uint64_t golden_squares = %du;" % fnv)
print("static const fv_measures golden[] = {")
for name, d in r.items():
    lat = lambda k: numbers(d[k].values() if k in d else [None] * 3)
    print("\t/* %s */\n\t{ %d, %.7g, %s, %.7g,\n\t  %s, %.7g, %s, %s },"
          % (name, d["n"], d["swd"]["mean"], numbers(d["swd"]["levels"]), d["auc"], lat("lattice"), d["chroma"], lat("lattice_input"),
             numbers([d.get("ssim"), d.get("corr")])[2:-2]))
print("};")
g = np.random.default_rng(5)
print("static const uint32_t golden_below[] = %s;" % numbers(g.integers(0, 250, 9)))
print("static const uint32_t golden_order[] = %s;" % numbers(g.permutation(10)))
print("static const double golden_normal[] = { %s };" % ", ".join("%.17g" % v for v in g.standard_normal(2000)[[0, 1, 2, 3, 4, 5, 6, 7, 500, 1999]]))
