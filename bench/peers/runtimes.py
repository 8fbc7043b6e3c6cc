# SPDX-License-Identifier: Apache-2.0
"""Forward of CycleGAN's ResNet-9 by the runtimes that only paint. usage: runtimes.py MODE THREADS RUNS FOLDER [WIDTH HEIGHT]
       runtimes.py MODE THREADS paint FOLDER IN OUT		paints a file, from start to end
MODE: onnxruntime; openvino (its own choice of precision), openvino-f32; ncnn (fp32), ncnn-bf16; export writes what the others
read into FOLDER."""
import os, subprocess, sys
import measure
import numpy as np


def export(folder, w, h):
    import torch
    from resnet import resnet
    torch.manual_seed(1)
    g, x = resnet().eval(), torch.rand(1, 3, h, w) * 2 - 1
    measure.model(folder + "/resnet.safetensors", "resnet", dict(width=64, blocks=9),
                  {"model." + n: p.detach().contiguous().numpy() for n, p in g.state_dict().items()})
    base = f"{folder}/resnet-{w}x{h}"
    torch.onnx.export(g, (x,), base + ".onnx", dynamo=False, opset_version=17, input_names=["x"], output_names=["y"])
    torch.jit.trace(g, x).save(base + ".pt")
    subprocess.run([os.path.join(os.path.dirname(sys.executable), "pnnx"), base + ".pt", f"inputshape=[1,3,{h},{w}]", "fp16=0"], check=True,
                   stdout=subprocess.DEVNULL, cwd=folder)


def onnxruntime(base, threads):
    import onnxruntime as ort
    o = ort.SessionOptions()
    o.intra_op_num_threads, o.inter_op_num_threads = threads, 1
    s = ort.InferenceSession(base + ".onnx", o, providers=["CPUExecutionProvider"])
    return lambda x: s.run(None, {"x": x})[0]


def openvino(base, threads, f32=False):
    import openvino as ov
    k = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    if f32:
        k["INFERENCE_PRECISION_HINT"] = "f32"
    r = ov.Core().compile_model(base + ".onnx", "CPU", k).create_infer_request()
    return lambda x: r.infer({0: x})[0]


def ncnn(base, threads, bf16=False):
    import ncnn as n
    net = n.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_fp16_packed = False
    net.opt.use_bf16_storage = bf16
    if hasattr(net.opt, "use_bf16_packed"):
        net.opt.use_bf16_packed = bf16
    folder, name = os.path.split(base)
    base = os.path.join(folder, name.replace("-", "_"))     # as pnnx writes it
    net.load_param(base + ".ncnn.param")
    net.load_model(base + ".ncnn.bin")

    def run(x):
        e = net.create_extractor()
        e.input("in0", n.Mat(x[0]))
        return np.array(e.extract("out0")[1])[None]
    return run


MODES = {"onnxruntime": onnxruntime, "openvino": openvino, "openvino-f32": lambda b, t: openvino(b, t, True), "ncnn": ncnn,
         "ncnn-bf16": lambda b, t: ncnn(b, t, True)}


def paint(mode, threads, folder, source, target):
    from PIL import Image
    x = np.asarray(Image.open(source).convert("RGB"), dtype=np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
    y = MODES[mode](f"{folder}/resnet-{x.shape[3]}x{x.shape[2]}", threads)(np.ascontiguousarray(x))[0]
    Image.fromarray(((y + 1) * 127.5).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0)).save(target)


def main():
    if sys.argv[3] == "paint":
        return paint(sys.argv[1], int(sys.argv[2]), *sys.argv[4:7])
    mode, threads, runs, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    w, h = (int(a) for a in sys.argv[5:7]) if len(sys.argv) > 6 else (256, 256)
    if mode == "export":
        return export(folder, w, h)
    x = (np.random.default_rng(1).random((1, 3, h, w), dtype=np.float32) * 2 - 1)
    idle = measure.memory("VmRSS")
    run = MODES[mode](f"{folder}/resnet-{w}x{h}", threads)
    measure.report("resnet", lambda: run(x), runs, 3, idle)


if __name__ == "__main__":
    main()
