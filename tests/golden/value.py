# SPDX-License-Identifier: Apache-2.0
"""The numbers that golden.h computes too."""
import numpy as np


def value(name, n):
    """n numbers of [-1,1): FNV-1a of the name, then an integer hash of the index (lowbias32)"""
    h = 2166136261
    for c in name.encode():
        h = ((h ^ c) * 16777619) & 0xFFFFFFFF
    with np.errstate(over="ignore"):
        x = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(h)
        x ^= x >> np.uint32(16); x *= np.uint32(0x7FEB352D); x ^= x >> np.uint32(15); x *= np.uint32(0x846CA68B); x ^= x >> np.uint32(16)
    return (x >> np.uint32(8)).astype(np.float64) / 2 ** 23 - 1


def whole(name, n, lo, hi):
    """n whole numbers lo..hi"""
    return np.floor(lo + (value(name, n) + 1) / 2 * (hi - lo + 1)).astype(np.int64)


def nhwc(name, *s, scale=1.0):
    """filled in NHWC order, as fauve lays it out; returned as NCHW"""
    import torch
    return torch.from_numpy(value(name, int(np.prod(s))).reshape(s) * scale).permute(0, 3, 1, 2)
