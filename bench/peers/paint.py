# SPDX-License-Identifier: Apache-2.0
"""Paints one picture with a `style` model. usage: paint.py MODEL IN OUT [THREADS]"""
import json, sys
import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from stylenet import DEFAULT, StyleNet


def weights(path):
    with open(path, "rb") as f:
        about = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = bytearray(f.read())
    about.pop("__metadata__", None)
    return {n: torch.frombuffer(data, dtype=torch.float32, count=int(np.prod(e["shape"])), offset=e["data_offsets"][0]).reshape(e["shape"])
            for n, e in about.items()}


def main():
    model, source, target = sys.argv[1:4]
    torch.set_num_threads(int(sys.argv[4]) if len(sys.argv) > 4 else 2)
    net = StyleNet(DEFAULT)
    net.load_state_dict(weights(model))
    x = torch.from_numpy(np.array(Image.open(source).convert("RGB"))).permute(2, 0, 1)[None].float() / 127.5 - 1
    h, w = x.shape[2:]
    x = F.pad(x, (0, -w % 4, 0, -h % 4), "replicate")
    with torch.inference_mode():
        y = net(x)[0, :, :h, :w]
    Image.fromarray(((y + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()).save(target)


if __name__ == "__main__":
    main()
