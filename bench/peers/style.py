# SPDX-License-Identifier: Apache-2.0
"""A training step of `style`, as src/train/style_graph.c has it, with a teacher of made-up weights.
usage: style.py MODE THREADS RUNS; a mode joins words by -: eager or compile; cl (channels last);
autocast (bf16). `fauve bench style` is handed the same: pictures, marks, what of the photograph is
to be kept and the paintings' quantiles are ready when a step begins."""
import copy
import common
import torch
from torch.nn import functional as F
from strokenet import (CHANNELS, DEFAULT, TINY, Judges, StrokeNet, Vgg, content, lsgan, quantiles,
                       swd)

MODES = ("eager", "eager-cl", "eager-autocast", "eager-autocast-cl", "compile", "compile-cl",
         "compile-autocast", "compile-autocast-cl")
LAYERS = 4


class Step:
    def __init__(self, k, mode):
        self.k, self.mode, self.done, self.ramp = k, mode, 0, 1.0
        self.layout = torch.channels_last if "cl" in mode else torch.contiguous_format
        nets = StrokeNet(k), Vgg(k.small), Judges(k)
        self.G, self.T, self.D = (m.to(memory_format=self.layout) for m in nets)
        self.E = copy.deepcopy(self.G)
        adam = lambda net, rate: torch.optim.Adam(net.parameters(), rate, (0.5, 0.99), fused=True)
        self.og, self.od = adam(self.G, k.rate), adam(self.D, k.rate * k.judge_rate)
        self.paint, self.see, self.judge = self.G, self.T, self.D
        if "compile" in mode:
            self.paint, self.see, self.judge = (
                torch.compile(m, dynamic=False) for m in (self.G, self.T, self.D))
        c = 16 if k.small else 64
        self.widths = [c << l for l in range(LAYERS)]
        self.lines = [[torch.randn(k.directions, w) / w ** 0.5 for w in self.widths]
                      for _ in range(k.sizes)]
        self.rstd = [torch.ones(1, w, 1, 1) for w in self.widths[1:]]

    def places(self, size, l):
        return (self.k.size >> size + l) ** 2

    def inputs(self):
        """made-up: photographs, marks, their content, paintings, quantiles"""
        k, side = self.k, self.k.size // 8
        made = [torch.rand(k.batch, 3, k.size, k.size) * 2 - 1,
                torch.randn(k.batch, CHANNELS, k.size, k.size),
                torch.randn(k.batch, self.widths[3], side, side),
                torch.randn(k.batch, self.widths[2], side, side),
                torch.rand(k.batch, 3, k.size, k.size) * 2 - 1]
        targets = [[torch.randn(k.batch, k.directions, quantiles(self.places(s, l))[0])
                    for l in range(LAYERS)] for s in range(k.sizes)]
        return [t.contiguous(memory_format=self.layout) for t in made] + [targets]

    def draw(self):
        """where maps are looked at; which lines, the same at all sizes"""
        k, at = self.k, []
        for s in range(k.sizes):
            counts = [self.places(s, l) for l in range(LAYERS)]
            at.append([torch.randint(n, (quantiles(n)[1],)) for n in counts])
        return at, [torch.randperm(k.directions)[:k.drawn] for _ in range(LAYERS)]

    def brushwork(self, size, maps, at, picked, targets):
        return self.ramp / LAYERS * sum(
            swd(maps[l], at[size][l], self.lines[size][l][p], targets[size][l][:, p])
            for l, p in enumerate(picked))

    def __call__(self, x, z, content4, content3, art, targets, draws=None):
        k = self.k
        at, picked = draws or self.draw()
        scaled = lambda maps: [m * r for m, r in zip(maps[1:], self.rstd)]
        with common.casting(self.mode):
            fake = self.paint(x, z)
            maps = self.see(fake)
            judged = scaled(maps)
            with torch.no_grad():
                real = scaled(self.see(art))
            weights = self.D.normal()
            good = self.judge(weights, real, art)
            bad = self.judge(weights, [m.detach() for m in judged], fake.detach())
            loss_d = sum(lsgan(g, 1) + lsgan(b, 0) for g, b in zip(good, bad)) / 2
        self.od.zero_grad()
        loss_d.backward()
        self.od.step()
        self.D.requires_grad_(False)
        with common.casting(self.mode):
            of_maps, of_pixels = self.judge(self.D.normal(), judged, fake)
            adv, pixels = lsgan(of_maps, 1), lsgan(of_pixels, 1)
            style, coarse, small = self.brushwork(0, maps, at, picked, targets), 0, fake
            for s in range(1, k.sizes):
                small = F.avg_pool2d(small, 2)
                coarse = coarse + self.brushwork(s, self.see(small), at, picked, targets)
            c4 = F.mse_loss(content(maps[3]), content4)
            c3 = F.mse_loss(content(F.avg_pool2d(maps[2], 2)), content3)
            colour = F.mse_loss(F.avg_pool2d(fake.float(), 16), F.avg_pool2d(x, 16))
            loss = (k.style * (style + k.coarse * coarse) + k.content * c4 + k.content3 * c3
                    + k.colour * colour + k.adv * adv + k.adv_pixels * pixels)
        self.og.zero_grad()
        loss.backward()
        self.og.step()
        self.D.requires_grad_(True)
        self.done += 1
        decay = min(0.995, (1 + self.done) / (10 + self.done))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.E.parameters()), list(self.G.parameters()), 1 - decay)
        return loss_d, adv, pixels, style, coarse, c4, c3, colour, loss


def main():
    mode, runs, _ = common.arguments(MODES)
    step = Step(TINY if common.DRY else DEFAULT, mode)
    inputs = step.inputs()
    common.report("style", lambda: step(*inputs), runs, 3)


if __name__ == "__main__":
    main()
