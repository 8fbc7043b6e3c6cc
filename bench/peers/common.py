# SPDX-License-Identifier: Apache-2.0
"""What the peers share: how a mode is set up, how a step is timed. One line of JSON, as bench.c prints."""
import contextlib, json, os, sys, time


def memory(key):
    """of this process, MB: VmRSS now, VmHWM at its peak"""
    with open("/proc/self/status") as f:
        return next(int(l.split()[1]) for l in f if l.startswith(key + ":")) * 1024 / 1e6


import torch                                    # noqa: E402  idle is counted with it in memory

IDLE = memory("VmRSS")


def arguments(modes):
    """CASE options: MODE THREADS RUNS [MORE...]"""
    mode, threads, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if mode not in modes:
        sys.exit("modes: " + " ".join(modes))
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    return mode.split("-"), runs, sys.argv[4:]


def casting(mode):
    return torch.autocast("cpu", dtype=torch.bfloat16) if "autocast" in mode else contextlib.nullcontext()


def report(case, step, runs, warm, steps=1):
    """times `runs` runs of step(), each of which does `steps` steps"""
    for _ in range(warm):
        step()
    ms = []
    for _ in range(runs):
        t = time.perf_counter()
        step()
        ms.append(round((time.perf_counter() - t) * 1e3 / steps, 2))
    print(json.dumps(dict(case=case, ms=ms, idle_mb=round(IDLE, 1), peak_mb=round(memory("VmHWM"), 1))), flush=True)
