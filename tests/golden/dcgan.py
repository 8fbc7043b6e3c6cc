#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden training runs of DCGAN, with lazy penalties too, WGAN and WGAN-GP: ten steps in PyTorch, written to dcgan.safetensors.

    python3 tests/golden/dcgan.py         needs torch, numpy, safetensors

Width 4, noise of 8, batch 3; dcgan and wgan on grey pictures of 28x28, wgan-gp and lazy on coloured ones of 32x32; two updates
of the critic a step; lazy is dcgan without norm in the discriminator, with R1 and R2 at every second step; labelled is dcgan with
three labels, hinge loss, layer norm and spectral norm in the discriminator. Weights, pictures and noise come from one formula (`value`) that tests/golden/dcgan.c computes too; the
file holds results only. For each recipe R:

    R.losses, R.losses64    10,K  d and g, lazy's also its penalty or 0; critic and its penalty twice, generator; in float and in double
    R.grad.NAME             gradient of the first update of that parameter, in fauve's layout, in double
    R.moved, R.moved64      P     how far each parameter has moved after ten steps, in the order of the metadata's R.names
    R.running, R.running64        all running values after ten steps, in the order of R.buffers
    R.wrong.*                     losses, or running values, of what the step is not:
                                  order: the generator first; joined: real and fake as one batch; full: the penalty as an update more, Adam as it was;
                                  unlabelled: the discriminator is not shown labels; each: spectral norm goes one step further
                                  for each batch and not for each update; biased: running variances; single: one place between real and fake for all pictures
"""
import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional as F
from value import nhwc, value

STEPS, BATCH, WIDTH, NOISE, CRITIC, EVERY, LABELS = 10, 3, 4, 8, 2, 2, 3
PLAIN = "wgan-gp", "lazy"
LESS = EVERY / (EVERY + 1)


class Biased(nn.BatchNorm2d):
    """follows the biased variance"""

    def forward(self, x):
        n = x.numel() / x.shape[1]
        before = self.running_var.clone()
        y = super().forward(x)
        found = (self.running_var - 0.9 * before) / 0.1
        self.running_var = 0.9 * before + 0.1 * found * (n - 1) / n
        return y


class Net(nn.Module):
    def __init__(self, *main):
        super().__init__()
        self.main = nn.Sequential(*main)

    def forward(self, x):
        return self.main(x)


def generator(size, channels, norm, noise=NOISE):
    w, edge = WIDTH, 3 if size == 28 else 1
    return Net(nn.ConvTranspose2d(noise, 4 * w, 4, 1, 0, bias=False), norm(4 * w), nn.ReLU(),
               nn.ConvTranspose2d(4 * w, 2 * w, 4, 2, 1, bias=False), norm(2 * w), nn.ReLU(),
               nn.ConvTranspose2d(2 * w, w, 4, 2, 1, bias=False), norm(w), nn.ReLU(),
               nn.ConvTranspose2d(w, channels, 4, 2, edge, bias=False), nn.Tanh())


def discriminator(size, channels, norm):
    w, edge, bias = WIDTH, 3 if size == 28 else 1, norm is None
    of = norm or (lambda c: nn.Identity())
    return Net(nn.Conv2d(channels, w, 4, 2, edge, bias=bias), nn.LeakyReLU(0.2),
               nn.Conv2d(w, 2 * w, 4, 2, 1, bias=bias), of(2 * w), nn.LeakyReLU(0.2),
               nn.Conv2d(2 * w, 4 * w, 4, 2, 1, bias=bias), of(4 * w), nn.LeakyReLU(0.2),
               nn.Conv2d(4 * w, 1, 4, 1, 0, bias=bias))


class Labelled(nn.Module):
    """The discriminator with labels: layer norm, spectral norm, whose vectors go one step further in each phase."""
    CONVS = 0, 2, 5, 8

    def __init__(self):
        super().__init__()
        w = WIDTH
        self.main = nn.ModuleDict({str(n): nn.Conv2d(i, o, 4, 2, 0, bias=False)
                                   for n, i, o in zip(self.CONVS, (1, w, 2 * w, 4 * w), (w, 2 * w, 4 * w, 1))})
        for n, c in ((3, 2 * w), (6, 4 * w)):
            self.main[str(n)] = nn.GroupNorm(1, c, eps=1e-12)
        self.label = nn.Linear(4 * w, LABELS, bias=False)
        for n, m in self.named_modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                v = value(f"D.{n}.weight_u", len(m.weight)).astype(np.float32)
                m.register_buffer("weight_u", torch.from_numpy(v)[:, None])

    def phase(self):
        self.w = {}
        for n, m in self.named_modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                flat = m.weight.permute(0, 2, 3, 1).flatten(1) if m.weight.dim() == 4 else m.weight
                with torch.no_grad():
                    v = F.normalize(flat.T @ m.weight_u, dim=0)
                    u = F.normalize(flat @ v, dim=0)
                    m.weight_u.copy_(u)
                self.w[n] = m.weight / (u.T @ flat @ v)

    def forward(self, x, label):
        for n, edge in zip(self.CONVS[:-1], (3, 1, 1)):
            x = F.conv2d(x, self.w[f"main.{n}"], None, 2, edge)
            x = F.leaky_relu(self.main[str(n + 1)](x) if n else x, 0.2)
        logit = F.conv2d(x, self.w["main.8"]).flatten()
        return logit if label is None else logit + (x.sum((2, 3)) * (label @ self.w["label"])).sum(1)


def layout(t):
    return t.detach().permute(0, 2, 3, 1) if t.dim() == 4 else t.detach()


def run(recipe, dtype, wrong=None):
    size, channels = (32, 3) if recipe in PLAIN else (28, 1)
    norm = Biased if wrong == "biased" else nn.BatchNorm2d
    labelled = recipe == "labelled"
    nets = {"D": Labelled() if labelled else discriminator(size, channels, None if recipe in PLAIN else norm),
            "G": generator(size, channels, norm, NOISE + (LABELS if labelled else 0))}
    params = {f"{k}.{n}": p for k, m in nets.items() for n, p in m.to(dtype).named_parameters()}
    begin = {}
    with torch.no_grad():
        for n, p in params.items():
            v = torch.from_numpy(value(n, p.numel())).to(torch.float32)
            if p.dim() == 4:
                v = (v * 0.1).reshape([p.shape[i] for i in (0, 2, 3, 1)]).permute(0, 3, 1, 2)
            else:
                v = (v * 0.05 + (1 if p.dim() == 1 and n.endswith("weight") else 0)).reshape(p.shape)
            p.copy_(v.to(dtype))
            begin[n] = p.detach().clone()
    d, g = nets["D"], nets["G"]
    adam = lambda p: torch.optim.Adam(p, 2e-4, (0.5, 0.999))
    of = {"dcgan": adam, "lazy": adam, "labelled": adam, "wgan": lambda p: torch.optim.RMSprop(p, 5e-5),
          "wgan-gp": lambda p: torch.optim.Adam(p, 1e-4, (0.5, 0.9))}[recipe]
    opt_d, opt_g = of(d.parameters()), of(g.parameters())
    if recipe == "lazy" and wrong != "full":
        opt_d = torch.optim.Adam(d.parameters(), 2e-4 * LESS, (0.5 ** LESS, 0.999 ** LESS))
    losses, grads = [], {}

    def numbers(what, *shape):
        return torch.from_numpy(value(what, int(np.prod(shape)))).to(torch.float32).reshape(shape).to(dtype)

    def pictures(what):
        return nhwc(what + " pictures", BATCH, size, size, channels).to(torch.float32).to(dtype)

    def made(what):
        return g(numbers(what + " noise", BATCH, NOISE, 1, 1))

    def remember(net):
        for n, p in params.items():
            if n[0] == net and n not in grads:
                grads[n] = layout(p.grad).clone()

    def logits(real, fake):
        if wrong == "joined":
            return d(torch.cat([real, fake])).flatten().split(BATCH)
        return d(real).flatten(), d(fake).flatten()

    def bce(z, y):
        return F.binary_cross_entropy_with_logits(z, torch.full_like(z, y))

    def step_dcgan(at):
        x, fake = pictures(at), made(at)

        def of_d():
            opt_d.zero_grad()
            real, generated = logits(x, fake.detach())
            loss = bce(real, 1) + bce(generated, 0)
            loss.backward()
            remember("D")
            opt_d.step()
            return loss

        def of_g():
            opt_g.zero_grad()
            loss = bce(d(fake).flatten(), 1)
            loss.backward()
            remember("G")
            opt_g.step()
            return loss

        def of_penalty():
            opt_d.zero_grad()
            sides = [v.detach().requires_grad_() for v in (x, fake)]
            slopes = [torch.autograd.grad(d(v).sum(), v, create_graph=True)[0] for v in sides]
            penalty = sum(w / 2 * (s ** 2).sum() / BATCH for w, s in zip((10, 3), slopes))
            (penalty * EVERY).backward()
            # The last bias alone has no gradient at all, and would be left out; others have zeros.
            for p in d.parameters():
                p.grad = torch.zeros_like(p) if p.grad is None else p.grad
            opt_d.step()
            return penalty

        if wrong == "order":
            b = of_g()
            return [of_d(), b]
        row = [of_d(), of_g()]
        if recipe == "lazy":
            row.append(torch.zeros(()) if int(at.split()[1]) % EVERY else of_penalty())
        return row

    def step_labelled(at):
        n = int(at.split()[1])
        label = torch.eye(LABELS, dtype=dtype)[[(n + i) % LABELS for i in range(BATCH)]]
        shown = None if wrong == "unlabelled" else label
        x, fake = pictures(at), g(torch.cat([numbers(at + " noise", BATCH, NOISE), label], 1)[:, :, None, None])
        opt_d.zero_grad()
        d.phase()
        real = d(x, shown)
        if wrong == "each":
            d.phase()
        of_d = F.relu(1 - real).mean() + F.relu(1 + d(fake.detach(), shown)).mean()
        of_d.backward()
        # A label that no picture has moves nothing, and is not left out.
        for p in d.parameters():
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad
        remember("D")
        opt_d.step()
        opt_g.zero_grad()
        d.phase()
        of_g = -d(fake, shown).mean()
        of_g.backward()
        remember("G")
        opt_g.step()
        return [of_d, of_g]

    def of_critic(at):
        x = pictures(at)
        with torch.no_grad():
            fake = made(at)
        opt_d.zero_grad()
        real, generated = logits(x, fake)
        out = [generated.mean() - real.mean()]
        if recipe == "wgan-gp":
            a = (numbers(at + " interpolation", BATCH, 1, 1, 1) + 1) / 2
            a = a[:1] if wrong == "single" else a
            between = (x + a * (fake - x)).requires_grad_()
            dx, = torch.autograd.grad(d(between).sum(), between, create_graph=True)
            out.append(10 * (((dx + 1e-16).flatten(1).norm(dim=1) - 1) ** 2).mean())
        sum(out).backward()
        remember("D")
        opt_d.step()
        if recipe == "wgan":
            with torch.no_grad():
                for p in d.parameters():
                    p.clamp_(-0.01, 0.01)
        return out

    def of_generator(at):
        opt_g.zero_grad()
        loss = -d(made(at + " generator")).mean()
        loss.backward()
        remember("G")
        opt_g.step()
        return [loss]

    for step in range(STEPS):
        at = f"step {step}"
        if recipe in ("dcgan", "lazy"):
            row = step_dcgan(at)
        elif labelled:
            row = step_labelled(at)
        elif wrong == "order":
            last = of_generator(at)
            row = [l for k in range(CRITIC) for l in of_critic(f"{at}.{k}")] + last
        else:
            row = [l for k in range(CRITIC) for l in of_critic(f"{at}.{k}")] + of_generator(at)
        losses.append([float(l.detach()) for l in row])
    moved = [float((p.detach() - begin[n]).double().norm()) for n, p in params.items()]
    running = {f"{k}.{n}": b for k, m in nets.items() for n, b in m.named_buffers() if "tracked" not in n}
    flat = np.concatenate([b.double().numpy().ravel() for b in running.values()])
    return dict(losses=losses, grads=grads, moved=moved, running=flat, names=list(params), buffers=list(running))


def main():
    out, about = {}, {}
    for recipe, wrongs in (("dcgan", ("order", "joined", "biased")), ("lazy", ("full",)), ("labelled", ("unlabelled", "each", "biased")), ("wgan", ("order",)), ("wgan-gp", ("order", "single"))):
        f32, f64 = run(recipe, torch.float32), run(recipe, torch.float64)
        for what in ("losses", "moved", "running"):
            out[f"{recipe}.{what}"], out[f"{recipe}.{what}64"] = f32[what], f64[what]
        for n, v in f64["grads"].items():
            out[f"{recipe}.grad.{n}"] = v.numpy()
        for w in wrongs:
            other = run(recipe, torch.float32, w)
            out[f"{recipe}.wrong.{w}"] = other["running" if w == "biased" else "losses"]
        about[recipe + ".names"], about[recipe + ".buffers"] = " ".join(f32["names"]), " ".join(f32["buffers"])
        print(recipe, np.round(np.array(f32["losses"]), 4)[[0, 9]], np.abs(np.array(f32["losses"]) - f64["losses"]).max())
    save_file({k: np.ascontiguousarray(v, np.float32) for k, v in out.items()}, "dcgan.safetensors", metadata=about)


if __name__ == "__main__":
    main()
