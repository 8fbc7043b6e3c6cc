#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a painted film pumps: how much its colours, seen from afar, jump from frame to frame.

    tests/film/pumping.py SOURCE PAINTED... [--frames 12]

For each film the root mean square of the second difference along time, in levels of 255: of the
mean colour of whole frames, and of the means of 10 x 10 parts. A painter whose norms' statistics
jump from frame to frame is above its source. Wants NumPy, and ffmpeg on the path.
"""
import argparse
import subprocess

import numpy as np

HEIGHT, WIDTH, PARTS = 180, 320, 10


def frames_of(path, count):
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-frames:v", str(count), "-vf",
         f"scale={WIDTH}:{HEIGHT}:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
        check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3).astype(float)


def jump(means):
    return np.sqrt((np.diff(means, 2, axis=0) ** 2).mean())


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("films", nargs="+", metavar="FILM")
    options.add_argument("--frames", type=int, default=12)
    given = options.parse_args()
    for path in given.films:
        f = frames_of(path, given.frames)
        if len(f) < 3:
            raise SystemExit(f"{path}: {len(f)} frames are too few; three are needed")
        parts = f.reshape(len(f), PARTS, HEIGHT // PARTS, PARTS, WIDTH // PARTS, 3).mean((2, 4))
        print(f"{jump(f.mean((1, 2))):.3f} {jump(parts):.2f}  {path}")


if __name__ == "__main__":
    main()
