# SPDX-License-Identifier: Apache-2.0
"""How every peer is measured: one line of JSON, of the fields that `fauve bench --json` has for a case."""
import json, time


def memory(key):
    """of this process, MB: VmRSS now, VmHWM at its peak"""
    with open("/proc/self/status") as f:
        return next(int(l.split()[1]) for l in f if l.startswith(key + ":")) * 1024 / 1e6


def report(case, step, runs, warm, idle, steps=1):
    """times `runs` runs of step(), each of which does `steps` steps; idle: memory before there was anything to do"""
    for _ in range(warm):
        step()
    ms = []
    for _ in range(runs):
        t = time.perf_counter()
        step()
        ms.append(round((time.perf_counter() - t) * 1e3 / steps, 2))
    print(json.dumps(dict(case=case, ms=ms, idle_mb=round(idle, 1), peak_mb=round(memory("VmHWM"), 1))), flush=True)
