# SPDX-License-Identifier: Apache-2.0
"""How every peer is measured: one line of JSON, of the fields that `fauve bench --json` has for a case."""
import json, os, time

DRY = "BENCH_DRY" in os.environ         # do the work once on tiny sizes: does it run?


def memory(key):
    """of this process, MB: VmRSS now, VmHWM at its peak"""
    with open("/proc/self/status") as f:
        return next(int(l.split()[1]) for l in f if l.startswith(key + ":")) * 1024 / 1e6


def report(case, step, runs, warm, idle, steps=1):
    """times `runs` runs of step(), each of which does `steps` steps; idle: memory before there was anything to do"""
    for _ in range(0 if DRY else warm):
        step()
    ms = []
    for _ in range(1 if DRY else runs):
        t = time.perf_counter()
        step()
        ms.append(round((time.perf_counter() - t) * 1e3 / steps, 2))
    print(json.dumps(dict(case=case, ms=ms, idle_mb=round(idle, 1), peak_mb=round(memory("VmHWM"), 1))), flush=True)


def model(path, family, network, weights):
    """writes numpy arrays of float32 as a model that fauve reads"""
    about, at = {"__metadata__": {"fauve": json.dumps(dict(format=1, reader=1, family=family, network=network))}}, 0
    for n, a in weights.items():
        about[n] = dict(dtype="F32", shape=list(a.shape), data_offsets=[at, at + a.nbytes])
        at += a.nbytes
    text = json.dumps(about).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + b"".join(a.tobytes() for a in weights.values()))
