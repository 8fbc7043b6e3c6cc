# SPDX-License-Identifier: Apache-2.0
"""Do the peers compute what fauve computes? StrokeNet and the losses of `style` against
tests/golden/*.safetensors, which fauve is tested against too. usage: check.py"""
import os, sys
import numpy as np
import torch
import strokenet, style
from strokenet import CHANNELS, Kind, StrokeNet

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "golden")
sys.path.insert(0, GOLDEN)
from value import nhwc, value, whole            # noqa: E402


def tensors(name):
    path = os.path.join(GOLDEN, name)
    _, found, at = strokenet.header(path)
    data = np.fromfile(path, dtype=np.uint8)[at:]
    values = {n: data[slice(*e["data_offsets"])].view(np.float32) for n, e in found.items()}
    return {n: torch.from_numpy(v.reshape(found[n]["shape"])) for n, v in values.items()}


def painter():
    p = tensors("strokenet.safetensors")
    x, z, wanted = (p.pop(n) for n in ("x", "z", "output"))
    net = StrokeNet(Kind(width=p["stem.0.weight"].shape[0], marks=p["m1.weight"].shape[0],
                         blocks=sum(n.endswith(".a.weight") for n in p),
                         stem=p["stem.0.weight"].shape[2]))
    net.load_state_dict(p)
    with torch.no_grad():
        return (net(x, z) - wanted).abs().max().item()


def set_by_name(name, to):
    """made-up weights as tests/golden/style.py has them"""
    if to.dim() == 4:
        o, i, k, _ = to.shape
        made = nhwc(name, o, k, k, i, scale=(6 / (i * k * k)) ** 0.5)
    else:
        made = torch.from_numpy(value(name, len(to)) * 0.1)
        if name.endswith(".weight"):            # of a norm
            made = made + 1
    with torch.no_grad():
        to.copy_(made)


def step_losses(steps):
    """of the golden run of tests/golden/style.py"""
    k = Kind(width=4, blocks=1, marks=3, small=True, judge=4, pixels=4, scales=2, batch=2, size=32,
             directions=8, drawn=4, sizes=2, style=16, coarse=0.5, content=2.3, content3=0.1,
             colour=4, adv=0.3, adv_pixels=0.15, rate=1e-4, judge_rate=0.5)
    s = style.Step(k, ["eager"])
    s.ramp = 0.75
    for n, p in s.G.named_parameters():
        set_by_name("G." + n, p)
    names = [f"map{m}.{j}" for m in range(3) for j in range(3)]
    names += [f"pixels.{n}.{j}" for n in range(k.scales) for j in range(4)]
    for i, (name, c) in enumerate(zip(names, s.D.convs)):
        set_by_name(f"D.d.{name}.weight", c.weight)
        set_by_name(f"D.d.{name}.bias", c.bias)
        s.D.u[i] = torch.from_numpy(value("D.u." + name, c.out_channels)).float()
    teacher = {"conv0": s.T.enter}
    teacher.update((f"conv{b + 1}{j + 1}", c) for b, block in enumerate(s.T.blocks)
                   for j, c in enumerate(block))
    for name, c in teacher.items():
        set_by_name(name + ".weight", c.weight)
        set_by_name(name + ".bias", c.bias)
    number = lambda name, *shape: torch.from_numpy(value(name, int(np.prod(shape)))).reshape(shape)
    s.lines = [[number(f"direction.{n}.{l}", 8, w).float() * w ** -0.5
                for l, w in enumerate(s.widths)] for n in range(2)]
    s.rstd = [(1 + number(f"rstd.{l}", 1, w, 1, 1) * 0.2).float()
              for l, w in enumerate(s.widths) if l]
    found = []
    for i in range(steps):
        a = f"step {i} "
        of = lambda name, side, c, scale=1: nhwc(a + name, 2, side, side, c, scale=scale).float()
        targets, at = ([[None] * 4 for _ in range(2)] for _ in range(2))
        for n in range(2):
            for l in range(4):
                places = s.places(n, l)
                q, count = strokenet.quantiles(places)
                targets[n][l] = number(f"{a}target {4 * n + l}", 2, 8, q).float()
                at[n][l] = torch.from_numpy(whole(f"{a}places {4 * n + l}", count, 0, places - 1))
        picked = [torch.from_numpy(np.argsort(value(f"{a}line {l}", 8), kind="stable")[:4].copy())
                  for l in range(4)]
        losses = s(of("photographs", 32, 3), of("marks", 32, CHANNELS, 3 ** 0.5),
                   of("content 4", 4, 128), of("content 3", 4, 64), of("paintings", 32, 3),
                   targets, (at, picked))
        found.append([v.item() for v in losses])
    return np.array(found)


def main():
    torch.set_num_threads(1)
    off = painter()
    print(f"StrokeNet: off the golden painting by {off:.1e} at most")
    wanted = tensors("style.safetensors")["losses64"].numpy()
    found = step_losses(len(wanted))
    worst = (np.abs(found - wanted) / np.abs(wanted)).max(1)
    print("style: off the golden losses by, step for step,", " ".join(f"{w:.1e}" for w in worst))
    if not (off < 1e-4 and worst[0] < 1e-4 and worst.max() < 1e-3):
        sys.exit("check: that is too much")


if __name__ == "__main__":
    main()
