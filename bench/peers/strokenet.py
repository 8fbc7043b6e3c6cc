# SPDX-License-Identifier: Apache-2.0
"""The networks and losses of `style` in PyTorch, NCHW, pictures in [-1, 1], with the sizes of
src/train/recipe_style.c. Forward of StrokeNet at 768x512: strokenet.py MODE THREADS RUNS
A mode joins words by -: eager or compile; cl (channels last); autocast (bf16); freeze (compile
with packed weights)"""
import dataclasses, json
import common
import torch
from torch import nn
from torch.nn import functional as F

CHANNELS = 4                    # of z: three numbers of each dab, and its bristles
CONTRAST = 1.3                  # tanh(1.3 x) is near x
MODES = ("eager", "eager-cl", "eager-autocast", "eager-autocast-cl", "compile-cl",
         "compile-freeze-cl", "compile-autocast-cl", "compile-freeze-autocast-cl")


@dataclasses.dataclass
class Kind:
    width: int = 24
    blocks: int = 4
    marks: int = 12             # channels made of the dabs
    stem: int = 5               # kernel of the first and the last convolution
    brush: tuple = (12, 6, 3, 1.5)      # widths of the underpainting's brushes, in pixels
    length: float = 4           # of its dabs, in their brush's widths
    bristle: float = 1.5        # width in pixels
    small: bool = False         # the teacher: VGG-19 distilled, not VGG-16
    judge: int = 48             # width of the discriminators on the teacher's maps
    pixels: int = 24            # of those on pixels
    scales: int = 1
    batch: int = 2
    size: int = 128
    directions: int = 128       # fixed lines, a map; `drawn` of them are looked at in a step
    drawn: int = 32
    sizes: int = 2              # at which brushwork is compared
    style: float = 16
    coarse: float = .5          # of the sizes after the first
    content: float = 0.7
    content3: float = 0.1
    colour: float = 12
    adv: float = 0.3
    adv_pixels: float = 0.15
    rate: float = 1e-3
    judge_rate: float = 0.5


DEFAULT = Kind()
TINY = Kind(width=8, blocks=1, marks=4, small=True, judge=8, pixels=8, size=64, directions=8,
            drawn=4)


# ------------------------------------------------------------------ the painter
class Depthwise(nn.Module):
    """one kernel k k' over each channel, borders mirrored"""

    def __init__(self, channels, k, stride):
        super().__init__()
        k = torch.tensor(k)
        k = (k[:, None] * k / k.sum() ** 2)[None, None].repeat(channels, 1, 1, 1)
        self.register_buffer("k", k, persistent=False)
        self.stride = stride

    def forward(self, x):
        return F.conv2d(F.pad(x, (1,) * 4, "reflect"), self.k.to(x.dtype), stride=self.stride,
                        groups=x.shape[1])


def halve(channels):
    return Depthwise(channels, [1., 3., 3., 1.], 2)


def double(channels):
    return nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"),
                         Depthwise(channels, [1., 2., 1.], 1))


def conv(i, o, k, bias=False):
    return nn.Conv2d(i, o, k, padding=k // 2, padding_mode="reflect", bias=bias)


def norm(c):
    return nn.InstanceNorm2d(c, affine=True)


def layer(i, o, k):
    return nn.Sequential(conv(i, o, k), norm(o), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.n, self.b, self.m = conv(c, c, 3), norm(c), conv(c, c, 3), norm(c)

    def forward(self, x):
        return x + self.m(self.b(F.relu(self.n(self.a(x)))))


class StrokeNet(nn.Module):
    def __init__(self, k):
        super().__init__()
        w, n = k.width, CHANNELS
        self.stem = layer(3, w, k.stem)
        self.d1, self.d2 = layer(w, 2 * w, 3), layer(2 * w, 4 * w, 3)
        self.down1, self.down2 = halve(2 * w), halve(4 * w)
        self.res = nn.Sequential(*(Residual(4 * w) for _ in range(k.blocks)))
        self.scene = nn.Upsample(scale_factor=8, mode="bilinear")
        self.m2, self.m1 = conv(n + 3, k.marks, 3, True), conv(n + 3, k.marks, 3, True)
        self.up1 = double(2 * w)
        self.u1 = conv(4 * w + k.marks, 2 * w, 3, True)
        self.u2 = conv(2 * w + k.marks, w, 3, True)
        self.u3 = conv(w + n + 3, w, 3, True)
        self.head, self.col = conv(w, 3, k.stem, True), nn.Conv2d(3, 3, 1)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                if m.bias is not None:
                    nn.init.zeros_(m.bias)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.dirac_(self.col.weight)

    def forward(self, x, z):
        d = torch.cat([z, x], 1)
        h = self.res(self.down2(self.d2(self.down1(self.d1(self.stem(x))))))
        h = self.scene(F.avg_pool2d(h, 4))
        h = F.relu(self.u1(torch.cat([h, F.relu(self.m2(F.avg_pool2d(d, 2)))], 1)))
        h = F.relu(self.u2(torch.cat([self.up1(h), F.relu(self.m1(d))], 1)))
        h = self.head(F.relu(self.u3(torch.cat([h, d], 1))))
        return torch.tanh(h + self.col(CONTRAST * x))


def header(path):
    """of a model of fauve's: what it says of itself, its tensors, where their bytes begin"""
    with open(path, "rb") as f:
        n = int.from_bytes(f.read(8), "little")
        tensors = json.loads(f.read(n))
    return json.loads(tensors.pop("__metadata__", {}).get("fauve", "{}")), tensors, 8 + n


def load(path):
    """a painter and its Kind"""
    about, tensors, at = header(path)
    if about.get("family") != "strokenet":
        raise SystemExit(f"{path}: its family is {about.get('family')}, not strokenet")
    n = about["network"]
    same = ("width", "blocks", "marks", "stem", "length", "bristle")
    k = Kind(**{name: n[name] for name in same}, brush=tuple(n["brush"]))
    net = StrokeNet(k)
    with open(path, "rb") as f:
        data = bytearray(f.read())
    net.load_state_dict({
        name: torch.frombuffer(data, dtype={"F16": torch.float16, "F32": torch.float32}[e["dtype"]],
                               count=torch.Size(e["shape"]).numel(),
                               offset=at + e["data_offsets"][0]).reshape(e["shape"]).float()
        for name, e in tensors.items()})
    return net.eval(), k


def save(path, k=DEFAULT):
    """made-up weights as a model that fauve reads"""
    torch.manual_seed(1)
    weights = {n: p.detach().contiguous().numpy() for n, p in StrokeNet(k).state_dict().items()}
    network = dict(width=k.width, blocks=k.blocks, marks=k.marks, stem=k.stem, affine=True,
                   brush=[float(b) for b in k.brush], length=float(k.length),
                   bristle=float(k.bristle))
    common.measure.model(path, "strokenet", network, weights)


# ------------------------------------------------------------------ the teacher
class Vgg(nn.Module):
    """to relu4_1; returns the first map of every block"""
    MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    def __init__(self, small=False):
        super().__init__()
        widths = (16, 32, 64, 128) if small else (64, 128, 256, 512)
        counts = (2, 2, 4, 1) if small else (2, 2, 3, 1)
        self.enter = nn.Conv2d(3, 3, 1) if small else None
        blocks, i = [], 3
        for o, count in zip(widths, counts):
            blocks.append(nn.ModuleList(conv(i if j == 0 else o, o, 3, True) for j in range(count)))
            i = o
        self.blocks = nn.ModuleList(blocks)
        if not small:
            of = lambda v: torch.tensor(v)[:, None, None]
            self.register_buffer("scale", 0.5 / of(self.SPREAD), persistent=False)
            self.register_buffer("shift", (0.5 - of(self.MEAN)) / of(self.SPREAD), persistent=False)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
        self.requires_grad_(False)

    def forward(self, x):
        h = self.enter(x * 0.5 + 0.5) if self.enter else x * self.scale + self.shift
        out = []
        for b, block in enumerate(self.blocks):
            if b:
                h = F.avg_pool2d(h, 2)
            for j, c in enumerate(block):
                h = F.relu(c(h))
                if j == 0:
                    out.append(h)
        return out


# ------------------------------------------------------------------ the adversaries
class Judges(nn.Module):
    """discriminators on the teacher's maps (relu2_1, 3_1, 4_1, each over its spread) and on pixels.
    Their weights are divided by their largest singular value once a phase, not at every call."""

    def __init__(self, k):
        super().__init__()
        c = 16 if k.small else 64
        convs = lambda widths: nn.ModuleList(
            nn.Conv2d(i, o, 3, padding=1) for i, o in zip(widths, widths[1:]))
        self.maps = nn.ModuleList(convs((c << m, k.judge, k.judge, 1)) for m in (1, 2, 3))
        p = k.pixels
        self.pixels = nn.ModuleList(convs((3, p, 2 * p, 4 * p, 1)) for _ in range(k.scales))
        self.blurs = nn.ModuleList([halve(p), halve(2 * p)])
        self.convs = [c for part in (*self.maps, *self.pixels) for c in part]
        self.u = [F.normalize(torch.randn(c.out_channels), dim=0) for c in self.convs]

    def normal(self):
        """weights for a phase, after one power iteration"""
        out = []
        for n, c in enumerate(self.convs):
            m = c.weight.flatten(1)
            with torch.no_grad():
                v = F.normalize(m.t() @ self.u[n], dim=0)
                self.u[n] = u = F.normalize(m @ v, dim=0)
            out.append(c.weight / (u @ (m @ v)))
        return out

    def forward(self, weights, maps, x):
        weights = iter(weights)
        apply = lambda c, h: F.conv2d(h, next(weights), c.bias, padding=1)
        of_maps, of_pixels = [], []
        for n, convs in enumerate(self.maps):
            h = maps[n] if n else F.avg_pool2d(maps[n], 2)
            for c in convs[:2]:
                h = F.leaky_relu(apply(c, h), 0.2)
            of_maps.append(apply(convs[2], h))
        for convs in self.pixels:
            h = x
            for n, c in enumerate(convs[:3]):
                h = F.leaky_relu(apply(c, h), 0.2)
                if n < 2:
                    h = self.blurs[n](h)
            of_pixels.append(apply(convs[3], h))
            x = F.avg_pool2d(x, 2)
        return of_maps, of_pixels


# ------------------------------------------------------------------ losses
def lsgan(outs, target):
    return sum((o.float() - target).square().mean() for o in outs) / len(outs)


def content(x):
    """channels of mean 0 and spread 1"""
    return F.instance_norm(x.float(), eps=1e-4)


def quantiles(places):
    """how many quantiles stand for so many places, and how many places are looked at"""
    q = 256
    while q > places:
        q //= 2
    return q, min(2048, places) // q * q


def swd(x, at, lines, target):
    """sliced Wasserstein: x at the places `at`, projected on lines, sorted, against quantiles"""
    rows = x.flatten(2).index_select(2, at)
    p = (lines @ rows).float().sort(2)[0]
    return (p.unflatten(2, (target.shape[2], -1)).mean(3) - target).abs().mean()


def main():
    mode, runs, _ = common.arguments(MODES)
    k = TINY if common.DRY else DEFAULT
    h, w = (64, 96) if common.DRY else (512, 768)
    net = StrokeNet(k).eval()
    x, z = torch.rand(1, 3, h, w) * 2 - 1, torch.randn(1, CHANNELS, h, w)
    if "cl" in mode:
        net, x, z = (t.to(memory_format=torch.channels_last) for t in (net, x, z))
    if "freeze" in mode:
        from torch._inductor import config
        config.freezing = True
    compiled = "compile" in mode
    f = torch.compile(net) if compiled else net
    with torch.no_grad() if compiled else torch.inference_mode(), common.casting(mode):
        common.report("strokenet", lambda: f(x, z), runs, 3)


if __name__ == "__main__":
    main()
