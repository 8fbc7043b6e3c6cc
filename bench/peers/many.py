# SPDX-License-Identifier: Apache-2.0
"""A folder of photographs by a loop as people write it: Pillow decodes, ONNX Runtime runs StrokeNet
with a style's weights, Pillow encodes, one after the other. It paints at the size at which fauve
does and gives back the photograph's, but lays no dabs: marks are zero, the underpainting is the
photograph; it turns no colours, raises no relief, copies no metadata, and takes no care that a file
is whole. usage:
	many.py export MODEL ONNX		the network with the model's weights, of any size
	many.py paint MODEL ONNX THREADS IN OUT	the folder IN into the folder OUT"""
import os, sys


def export(model, onnx):
    import torch
    from strokenet import CHANNELS, load
    net, _ = load(model)
    x, z = torch.rand(1, 3, 96, 64) * 2 - 1, torch.zeros(1, CHANNELS, 96, 64)
    sides = {2: "h", 3: "w"}
    torch.onnx.export(net, (x, z), onnx, dynamo=False, opset_version=17, input_names=["x", "z"],
                      output_names=["y"], dynamic_axes={n: sides for n in "xzy"})


def brush_of(model):
    """width of the widest one, in pixels (strokenet.py reads the rest)"""
    import json
    with open(model, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
    return json.loads(header["__metadata__"]["fauve"])["network"]["brush"][0]


def canvas_of(w, h, widest):
    """as paint.py's working_broad, which wants PyTorch"""
    broad = 0.034 * max(h, w) / widest
    size = min(max(broad, 0.8), 3.2) / broad
    if size > 1:
        size = max(1, min(size, (4e6 / (h * w)) ** 0.5))
    return [max(32, int(size * n / 16 + 0.5) * 16) for n in (w, h)]


def paint(model, onnx, threads, source, target):
    import numpy as np
    import onnxruntime as ort
    from PIL import Image
    o = ort.SessionOptions()
    o.intra_op_num_threads, o.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(onnx, o, providers=["CPUExecutionProvider"])
    widest = brush_of(model)
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source)):
        photo = Image.open(os.path.join(source, name)).convert("RGB")
        canvas = photo.resize(canvas_of(*photo.size, widest), Image.Resampling.BICUBIC)
        x = np.asarray(canvas, dtype=np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
        z = np.zeros((1, 4, *x.shape[2:]), dtype=np.float32)
        y = session.run(None, {"x": np.ascontiguousarray(x), "z": z})[0][0]
        y = ((y + 1) * 127.5).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
        painted = Image.fromarray(y).resize(photo.size, Image.Resampling.BICUBIC)
        painted.save(os.path.join(target, name), quality=92)


if __name__ == "__main__":
    if sys.argv[1] == "export":
        export(*sys.argv[2:4])
    else:
        paint(sys.argv[2], sys.argv[3], int(sys.argv[4]), *sys.argv[5:7])
