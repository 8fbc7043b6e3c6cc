# SPDX-License-Identifier: Apache-2.0
"""What PyTorch's programs share: how a mode is set up."""
import contextlib, sys
import measure
import torch                                    # idle is counted with it in memory

IDLE = measure.memory("VmRSS")
DRY = measure.DRY


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


def update(optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def report(case, step, runs, warm, steps=1):
    measure.report(case, step, runs, warm, IDLE, steps)
