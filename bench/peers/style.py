# SPDX-License-Identifier: Apache-2.0
"""A training step of `style`. usage: style.py MODE THREADS RUNS prototype|default [PHOTOS ART]
With two folders of JPEG files every step cuts its crops out of them, as the recipe's first program did."""
import common
import copy, math, os, random
import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from stylenet import DEFAULT, Heads, Kind, MultiD, StyleNet, augment, lsgan, nce, patch_swd

MODES = ("eager", "eager-cl", "eager-autocast", "eager-autocast-cl", "compile", "compile-cl", "compile-autocast", "compile-autocast-cl")
PERIOD = 3                      # every third step has the identity term


def load(folder, longest=640):
    out = []
    for name in sorted(os.listdir(folder)):
        im = Image.open(os.path.join(folder, name)).convert("RGB")
        im.thumbnail((longest, longest), Image.LANCZOS)
        out.append(np.asarray(im))
    return out


def crop(images, size, zoom):
    im = images[random.randrange(len(images))]
    h, w, _ = im.shape
    side = min(h, w, max(32, int(size * math.exp(random.uniform(math.log(zoom[0]), math.log(zoom[1]))))))
    y, x = random.randrange(h - side + 1), random.randrange(w - side + 1)
    p = Image.fromarray(im[y:y + side, x:x + side]).resize((size, size), Image.BICUBIC)
    t = torch.from_numpy(np.array(p)).permute(2, 0, 1).float() / 127.5 - 1
    return t.flip(2) if random.random() < 0.5 else t


def main():
    mode, runs, more = common.arguments(MODES)
    k = dict(prototype=Kind(), default=DEFAULT)[more[0]]
    random.seed(1)
    layout = torch.channels_last if "cl" in mode else torch.contiguous_format
    G, D, H = (m.to(memory_format=layout) for m in (StyleNet(k), MultiD(k), Heads(k)))
    E = copy.deepcopy(G)
    og = torch.optim.Adam(list(G.parameters()) + list(H.parameters()), 4e-4, betas=(0.5, 0.99), fused=True)
    od = torch.optim.Adam(D.parameters(), 4e-4, betas=(0.5, 0.99), fused=True)
    paint, encode, judge = G, G.encode, D
    if "compile" in mode:
        paint, encode, judge = torch.compile(G), torch.compile(G.encode), torch.compile(D)
    if len(more) > 1:
        X, Y = load(more[1]), load(more[2])
        photos = lambda: torch.stack([crop(X, k.size, (1.0, 2.2)) for _ in range(k.batch)])
        paintings = lambda: torch.stack([crop(Y, k.size, (0.8, 1.6)) for _ in range(k.batch * k.art_batches)])
    else:
        X, Y = torch.rand(k.batch, 3, k.size, k.size) * 2 - 1, torch.rand(k.batch * k.art_batches, 3, k.size, k.size) * 2 - 1
        photos, paintings = lambda: X, lambda: Y
    done = 0

    def step():
        nonlocal done
        x, art = photos().contiguous(memory_format=layout), paintings().contiguous(memory_format=layout)
        y, identity = art[:k.batch], done % PERIOD == 0
        with common.casting(mode):
            fake = paint(x)
            D.requires_grad_(True)
            ld = (lsgan(judge(augment(y, k.augment)), 1) + lsgan(judge(augment(fake.detach(), k.augment)), 0)) / 2
        od.zero_grad()
        ld.backward()
        od.step()
        D.requires_grad_(False)
        with common.casting(mode):
            content = nce(encode, H, x, fake)
            if identity:
                content = content + nce(encode, H, y, paint(y))
            lg = k.adv * lsgan(judge(augment(fake, k.augment)), 1) + k.nce * content / (2 if identity else 1.5)
            lg = lg + k.swd * patch_swd(fake, art, k)
            if k.colour:
                moved = F.avg_pool2d(x, 8) - F.avg_pool2d(fake, 8)
                lg = lg + k.colour * moved.square().mean()
                if k.casts:
                    cast = moved.mean((2, 3))
                    lg = lg + k.colour * (cast - cast.mean(0)).square().mean()
        og.zero_grad()
        lg.backward()
        og.step()
        done += 1
        with torch.no_grad():
            b = min(0.999, (1 + done) / (10 + done))
            torch._foreach_lerp_(list(E.parameters()), list(G.parameters()), 1 - b)

    def period():
        for _ in range(PERIOD):
            step()

    common.report(more[0], period, runs, 2, PERIOD)


if __name__ == "__main__":
    main()
