#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""yardstick_golden.py PAINTED.PY >yardstick_golden.h: what the reference says of the strokes of pictures that yardstick.c makes too.

Needs numpy, pillow, scipy, torch, safetensors, and beside the reference its painted_features.py and ../features. Pictures are
whole-number functions of their index: bars of random slants, thick in paintings and thin in photographs,
over speckle and broad shades.
"""
import os
import sys
import tempfile
import numpy as np
from PIL import Image

sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1])))
import painted

SIZES = ((300, 120), (180, 330), (512, 128), (200, 200))        # width, height: none twice as high as wide, where some Pillows resize down first
GREY, SKIN = (90, 95, 100), (150, 110, 85)


def hashed(x, y, salt):
    h = (x.astype(np.uint32) * np.uint32(0x9E3779B1)) ^ (y.astype(np.uint32) * np.uint32(0x85EBCA77)) ^ np.uint32(salt * 0xC2B2AE3D & 0xffffffff)
    h = (h ^ h >> 15) * np.uint32(0x2C1B3C6D)
    h = (h ^ h >> 12) * np.uint32(0x297A2D39)
    return (h ^ h >> 15).astype(np.int64)


def picture(kind, i):
    """kind 0: photograph, plain in its upper half; 1: painting; 2: the photograph, painted"""
    w, h = SIZES[i % 4]
    y, x = np.mgrid[:h, :w]
    salt, out = 17 * i + (1000 if kind == 1 else 0), np.zeros((h, w, 3), np.int64)
    a = hashed(x >> 5, y >> 5, salt) & 7                       # a slant for each 32 pixels
    bar = (((x * (a - 4) + y * (3 - (a & 3)) + 4096) >> (2 if kind == 0 else 4)) & 7) * 9
    for c in range(3):
        shade = (hashed(x >> 6, y >> 6, salt + 5 + c) & 31) + (SKIN if i % 2 else GREY)[c]
        speck = hashed(x, y, salt + 50 + c) & 7
        tint = (hashed(x >> 4, y >> 4, salt + 90 + c) & 31) if kind else 0
        v = shade + speck + tint + (bar if kind else np.where(y < h // 2, 0, bar))
        out[..., c] = v
    return Image.fromarray(out.clip(0, 255).astype(np.uint8))


def main():
    sets = {"photo": (0, 4), "art": (1, 4), "outs": (2, 4), "more": (1, 3)}
    with tempfile.TemporaryDirectory() as t:
        for name, (kind, n) in sets.items():
            os.makedirs(f"{t}/{name}")
            for i in range(n):
                picture(kind, i + (4 if name == "more" else 0)).save(f"{t}/{name}/{i}.png")
        print("/* SPDX-License-Identifier: Apache-2.0 */\n/* yardstick_golden.py wrote this: numpy %s, Pillow %s, torch %s. */"
              % (np.__version__, Image.__version__, painted.torch.__version__.split("+")[0]))
        for kind, label in (("vgg16", "vgg16"), ("cd", "small")):
            json = f"{t}/out.json"
            sys.argv = ["painted", "--ref", f"{t}/art", "--photos", f"{t}/photo", "--kind", kind, "--json", json,
                        f"outs={t}/outs:{t}/photo", f"photo={t}/photo:{t}/photo", f"more={t}/more"]
            stdout, sys.stdout = sys.stdout, sys.stderr
            painted.main()
            sys.stdout = stdout
            print("/* near, hand, look, far, coh2, coh4, run, stroke, grain (off the paintings'), content, grey, skin: of the painted, the\n"
                  " * photographs, other paintings */")
            print(f"static const double golden_{label}[3][12] = {{")
            for v in painted.json.load(open(json)).values():
                f = [v[k] for k in ("near", "hand", "look", "far", "coh2", "coh4", "run", "stroke", "grain", "content", "grey", "skin")]
                print("\t{ " + ", ".join("NAN" if x is None else "%.7g" % x for x in f) + " },")
            print("};")
        print("/* mean of each kind's values: that both programs made the same */")
        print("static const double golden_means[3] = { %s };" % ", ".join(
            "%.9g" % np.mean([np.asarray(picture(k, i)).mean() for i in range(4)]) for k in range(3)))


main()
