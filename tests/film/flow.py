#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden motion: OpenCV's dense inverse search, medium preset, of frames that flow.c makes too, written to flow.safetensors.

    python3 tests/film/flow.py              needs opencv-python-headless 4.9 or later, numpy, safetensors

A frame is sums of 9 x 9 whole numbers of value.py's formula; of the second the left half has moved by (3, -1), the right by (-2, 2).
even.0, even.1: 96 x 160, searched down to every pixel and to every second; odd.0: 61 x 83.
"""
import os
import sys
import cv2
import numpy as np
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../golden"))
from value import whole


def frames(h, w):
    ground = whole("ground", (h + 24) * (w + 24), 0, 255).reshape(h + 24, w + 24)
    def at(dx, dy):
        s = sum(ground[8 - dy + r:8 - dy + r + h, 8 - dx + q:8 - dx + q + w] for r in range(9) for q in range(9))
        return np.clip(128 + (s - 81 * 128) // 20, 0, 255).astype(np.uint8)
    a, left, right = at(0, 0), at(3, -1), at(-2, 2)
    return a, np.hstack([left[:, :w // 2], right[:, w // 2:]])


out = {}
for name, h, w, finest in ("even", 96, 160, 0), ("even", 96, 160, 1), ("odd", 61, 83, 0):
    d = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    d.setFinestScale(finest)
    out[f"{name}.{finest}"] = d.calc(*frames(h, w), None)[None]
save_file(out, os.path.join(HERE, "flow.safetensors"))
