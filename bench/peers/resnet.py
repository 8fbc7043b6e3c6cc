# SPDX-License-Identifier: Apache-2.0
"""Forward of CycleGAN's ResNet-9 at 256x256. usage: resnet.py MODE THREADS RUNS; a mode joins words by -:
eager or compile; cl (channels last); bf16 (weights and picture), autocast; freeze (compile with packed weights)"""
import common
import torch
from torch import nn

MODES = ("eager", "eager-cl", "eager-bf16", "eager-bf16-cl", "eager-autocast", "compile-freeze-cl", "compile-bf16", "compile-freeze-bf16",
         "compile-freeze-bf16-cl", "compile-freeze-autocast-cl")


def norm(c):
    return nn.InstanceNorm2d(c)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv_block = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), norm(c), nn.ReLU(True),
                                        nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), norm(c))

    def forward(self, x):
        return x + self.conv_block(x)


def resnet(c=64, blocks=9):
    m = [nn.ReflectionPad2d(3), nn.Conv2d(3, c, 7), norm(c), nn.ReLU(True)]
    for w in (c, 2 * c):
        m += [nn.Conv2d(w, 2 * w, 3, 2, 1), norm(2 * w), nn.ReLU(True)]
    m += [Block(4 * c) for _ in range(blocks)]
    for w in (4 * c, 2 * c):
        m += [nn.ConvTranspose2d(w, w // 2, 3, 2, 1, output_padding=1), norm(w // 2), nn.ReLU(True)]
    return nn.Sequential(*m, nn.ReflectionPad2d(3), nn.Conv2d(c, 3, 7), nn.Tanh())


def main():
    mode, runs, _ = common.arguments(MODES)
    width, blocks, side = (8, 1, 64) if common.DRY else (64, 9, 256)
    g, x = resnet(width, blocks).eval(), torch.rand(1, 3, side, side) * 2 - 1
    if "bf16" in mode:
        g, x = g.bfloat16(), x.bfloat16()
    if "cl" in mode:
        g, x = g.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    if "freeze" in mode:
        from torch._inductor import config
        config.freezing = True
    compiled = "compile" in mode
    f = torch.compile(g) if compiled else g
    with torch.no_grad() if compiled else torch.inference_mode(), common.casting(mode):
        common.report("resnet", lambda: f(x), runs, 3)


if __name__ == "__main__":
    main()
