# SPDX-License-Identifier: Apache-2.0
"""Races fauve against its peers and writes docs/benchmarks.md. usage: race.py ROUNDS [WORD...] (see script/bench-peers)
       race.py --dry [WORD...]	times nothing: do the peers run, on tiny sizes, and compute what fauve does?

WORDs keep the cases whose title has one of them, and then print only. First every mode of a peer, a few runs each: the fastest
one races. Then ROUNDS rounds: fauve, peer, fauve, next peer ... Figures are medians over all runs."""
import datetime, json, math, os, platform, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
THREADS = len(os.sched_getaffinity(0))
FAUVE, DATA = os.path.join(ROOT, "build", "fauve"), os.path.join(ROOT, "build", "bench-data")
# fauve runs with the C library's own settings, as people have it.
PLAIN = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
FAILED = []
LONGEST = 300                   # seconds; a mode that compiles for longer is left out, and named


def run(command, env=None):
    try:
        r = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"not done in {LONGEST} s")
    if r.returncode:
        raise RuntimeError(" ".join(command) + "\n" + r.stderr[-1500:])
    return r.stdout


def fauve(args, runs):
    out = json.loads(run([FAUVE, "bench", *args, "--json", "--threads", str(THREADS), "--runs", str(runs)], PLAIN))
    return out["cases"][0]


def peer(file, mode, runs, more=()):
    return json.loads(run([sys.executable, os.path.join(HERE, "peers", file), mode, str(THREADS), str(runs), *more]).splitlines()[-1])


# title; what fauve runs; runs a round; bars {peer, or "fastest": ratio}; memory bar; peers: name, file, modes, more
TORCH_STYLE32 = ["eager", "eager-cl", "compile-cl"]
TORCH_STYLE = ["eager-autocast", "eager-autocast-cl", "compile-autocast", "compile-autocast-cl"]
CASES = [
    ("ResNet-9 paints 256x256, f32", ["resnet", "--precision", "f32"], 10, {"fastest": 1.5, "PyTorch": 2.5, "ONNX Runtime": 2.5, "OpenVINO": 2.5}, 0.5, [
        ("PyTorch", "resnet.py", ["eager-cl", "compile-freeze-cl"], []), ("ONNX Runtime", "runtimes.py", ["onnxruntime"], [DATA]),
        ("OpenVINO", "runtimes.py", ["openvino-f32"], [DATA]), ("ncnn", "runtimes.py", ["ncnn"], [DATA])]),
    ("ResNet-9 paints 256x256, bf16, the default where it is fast", ["resnet", "--precision", "bf16"], 10, {"fastest": 1.5, "PyTorch": 2.5, "OpenVINO": 2.5}, 0.5, [
        ("PyTorch", "resnet.py", ["eager-bf16", "compile-freeze-bf16", "compile-freeze-autocast-cl"], []),
        ("OpenVINO", "runtimes.py", ["openvino"], [DATA]), ("ncnn", "runtimes.py", ["ncnn-bf16"], [DATA])]),
    ("a step of CycleGAN, 256x256, batch 1", ["cyclegan"], 2, {"PyTorch": 2.5}, 0.4, [("PyTorch", "cyclegan.py", ["eager", "eager-cl", "compile"], [])]),
    ("a step of pix2pix, 256x256, batch 1", ["pix2pix"], 4, {"PyTorch": 1.5}, 0.5, [("PyTorch", "pix2pix.py", ["eager", "eager-cl", "compile"], [])]),
    ("a step of CycleGAN, bf16", ["cyclegan", "--precision", "bf16", "--max-memory", "300M"], 2, {"PyTorch": 2.5}, 0.4, [
        ("PyTorch", "cyclegan.py", ["eager-autocast", "eager-autocast-cl", "compile-autocast"], [])]),
    ("a step of CUT, small: 128x128, batch 1", ["cut"], 4, {"PyTorch": 1.5}, 0.5, [
        ("PyTorch", "cut.py", ["eager", "eager-cl", "compile", "compile-cl"], [])]),
    ("a step of SinCUT, small: 16 crops of 64x64", ["sincut"], 4, {"PyTorch": 1.5}, 0.5, [
        ("PyTorch", "sincut.py", ["eager", "eager-cl"], [])]),
    ("a step of AnimeGAN v2: 128x128, batch 2, width 16", ["animegan"], 4, {"PyTorch": 1.5}, 0.5, [
        ("PyTorch", "cartoon.py", ["eager", "eager-cl", "compile", "compile-cl"], ["animegan"])]),
    ("a step of CartoonGAN: 128x128, batch 2, width 24", ["cartoongan"], 4, {"PyTorch": 1.5}, 0.5, [
        ("PyTorch", "cartoon.py", ["eager", "eager-cl", "compile", "compile-cl"], ["cartoongan"])]),
    ("a step of DCGAN, 64x64, batch 32", ["dcgan"], 4, {"PyTorch": 1.5}, 0.5, [
        ("PyTorch", "dcgan.py", ["eager", "eager-cl", "compile", "compile-cl"], [])]),
    ("an update of WGAN-GP's critic, 64x64, batch 32", ["wgan-gp"], 4, {"PyTorch": 1.5}, 0.5, [
        ("PyTorch", "dcgan.py", ["eager", "eager-cl"], ["penalty"])]),
    ("StrokeNet paints 768x512, f32", ["strokenet", "--precision", "f32"], 5, {"PyTorch": 2.5}, 0.5, [
        ("PyTorch", "strokenet.py", ["eager", "eager-cl", "compile-cl", "compile-freeze-cl"], [])]),
    ("StrokeNet paints 768x512, bf16", ["strokenet", "--precision", "bf16"], 5, {"PyTorch": 2.5}, 0.5, [
        ("PyTorch", "strokenet.py", ["eager-autocast", "eager-autocast-cl", "compile-autocast-cl", "compile-freeze-autocast-cl"], [])]),
    ("`strokes` of 1920x1080: flow and dabs", ["strokes"], 4, {}, 0.5, [("PyTorch", "strokes.py", ["eager", "compile"], [])]),
    ("a step of `style`", ["style"], 4, {"PyTorch": 2.5}, 0.5, [("PyTorch", "style.py", TORCH_STYLE32, [])]),
    ("a step of `style`, bf16", ["style", "--precision", "bf16"], 4, {"PyTorch": 2.5}, 0.5, [("PyTorch", "style.py", TORCH_STYLE, [])]),
    ("a step of `style`, fauve in float, PyTorch as it likes", ["style"], 4, {"PyTorch": 2.5}, 0.5, [("PyTorch", "style.py", TORCH_STYLE32 + TORCH_STYLE, [])]),
    ("a step of `dense`, batch 1000", ["dense"], 20, {"PyTorch": 1.25, "Keras": 1.6}, 0.5, [
        ("PyTorch", "dense.py", ["eager", "compile"], []), ("Keras", "keras_dense.py", ["tensorflow", "jax"], [])]),
    ("a step of `dense`, bf16", ["dense", "--precision", "bf16"], 20, {"PyTorch": 1.0}, 0.5, [
        ("PyTorch", "dense.py", ["eager-autocast", "compile-autocast"], [])]),
]


def spread(ms):
    q = statistics.quantiles(ms, n=20) if len(ms) > 1 else [ms[0]] * 19
    return f"{q[0]:.0f} - {q[-1]:.0f}"


def verdict(ratio, bar):
    return "" if bar is None else f"{bar:g}: {'met' if ratio >= bar else '**missed**'}"


def fastest_modes(case, modes_seen):
    """of every peer that runs: name, file, mode, more"""
    found = []
    for name, file, modes, more in case[5]:
        scan = {}
        for m in modes:
            try:
                scan[m] = statistics.median(peer(file, m, 4, more)["ms"]) if len(modes) > 1 else 0
            except RuntimeError as e:
                FAILED.append(f"- {case[0]}: {name} {m}: {str(e).strip().splitlines()[-1][:200]}")
        if len(scan) > 1:
            modes_seen.append(f"- {case[0]}: {name} " + ", ".join(f"{m} {t:.0f}" for m, t in scan.items()))
        if scan:
            found.append((name, file, min(scan, key=scan.get), more))
    return found


def race(case, rounds, modes_seen):
    title, args, runs, bars, memory_bar, _ = case
    peers = fastest_modes(case, modes_seen)
    ms, mb = {"fauve": []}, {"fauve": []}
    for _ in range(rounds):
        # fauve before every peer: others' work on the machine, which comes and goes by seconds, is then shared out
        for p in [turn for p in peers for turn in (None, p)] or [None]:
            name = p[0] if p else "fauve"
            try:
                x = peer(p[1], p[2], runs, p[3]) if p else fauve(args, runs)
            except RuntimeError as e:
                FAILED.append(f"- {title}: {name}: {str(e).strip().splitlines()[-1][:200]}")
                continue
            ms.setdefault(name, []).extend(x["ms"])
            mb.setdefault(name, []).append(x["peak_mb"] - x["idle_mb"])
    ours, rows = statistics.median(ms["fauve"]), []
    mode_of = {p[0]: p[2] for p in peers if p[0] in ms}
    best = min((statistics.median(v) for k, v in ms.items() if k != "fauve"), default=math.nan)
    rows.append(f"| {title} | `fauve bench {' '.join(args)}` | {ours:.0f} ({spread(ms['fauve'])}) | | | {statistics.median(mb['fauve']):.0f} |")
    for name, mode in mode_of.items():
        theirs = statistics.median(ms[name])
        bar = bars.get(name, bars.get("fastest") if theirs == best else None)
        share = statistics.median(mb["fauve"]) / max(1, statistics.median(mb[name]))
        rows.append(f"| | {name} `{mode}` | {theirs:.0f} ({spread(ms[name])}) | {theirs / ours:.2f} | {verdict(theirs / ours, bar)} | "
                    f"{statistics.median(mb[name]):.0f}: {share:.2f}{'' if share <= memory_bar else f', above {memory_bar:g}'} |")
    print("\n".join(rows), flush=True)
    return rows, ours, peers


def pictures():
    import numpy as np
    from PIL import Image
    os.makedirs(DATA, exist_ok=True)
    rng = np.random.default_rng(1)
    for w, h in ((64, 64), (768, 512), (1920, 1080)):
        small = rng.integers(0, 256, (h // 16 + 1, w // 16 + 1, 3), dtype=np.uint8)
        big = np.asarray(Image.fromarray(small).resize((w, h), Image.BICUBIC), dtype=np.int16) + rng.integers(-12, 13, (h, w, 3))
        Image.fromarray(big.clip(0, 255).astype(np.uint8)).save(f"{DATA}/{w}.jpg", quality=90)
    for w, h in ((256, 256), (64, 64), (768, 512)):
        if not os.path.exists(f"{DATA}/resnet_{w}x{h}.ncnn.bin") or not os.path.exists(DATA + "/resnet.safetensors"):
            run([sys.executable, os.path.join(HERE, "peers", "runtimes.py"), "export", "0", "0", DATA, str(w), str(h)])


def family(path):
    with open(path, "rb") as f:
        about = json.loads(f.read(int.from_bytes(f.read(8), "little")))["__metadata__"]["fauve"]
    return json.loads(about)["family"]


def style():
    """the shipped vangogh; while that is of another family one of made-up weights, which is as fast; and how a row names it"""
    path, made = os.path.join(ROOT, "styles", "vangogh.safetensors"), DATA + "/strokenet.safetensors"
    if family(path) == "strokenet":
        return path, "`vangogh`"
    program = "import sys; sys.path.insert(0, sys.argv[1]); import strokenet; strokenet.save(sys.argv[2])"
    run([sys.executable, "-c", program, os.path.join(HERE, "peers"), made])
    return made, "StrokeNet of made-up weights"


# A process inherits the peak of the one that starts it: a small one starts what is measured.
STARTER = """import os, sys, time
t = time.perf_counter()
p = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
_, status, used = os.wait4(p, 0)
print(time.perf_counter() - t, used.ru_maxrss)
sys.exit(status != 0)"""


def process(command, env=None):
    """seconds from start to exit, and the peak in MB"""
    r = subprocess.run([sys.executable, "-S", "-c", STARTER, *command], env=env, capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(" ".join(command) + "\n" + r.stderr[-1500:])
    seconds, kib = r.stdout.split()
    return float(seconds), int(kib) * 1024 / 1e6


def start(rounds):
    """from the start of the process to the painted file"""
    rows = []
    py = [sys.executable, os.path.join(HERE, "peers", "runtimes.py")]
    model, title = style()
    for size, name, bars in ((64, "64x64", {"fastest": 4}), (768, "768x512", {"fastest": 2})):
        source = f"{DATA}/{size}.jpg"
        commands = {"fauve": ([FAUVE, "apply", DATA + "/resnet.safetensors", source, "-o", DATA + "/a.png", "-f", "-q"], PLAIN)}
        for who, mode in (("ONNX Runtime", "onnxruntime"), ("OpenVINO", "openvino"), ("ncnn", "ncnn")):
            commands[who] = (py + [mode, str(THREADS), "paint", DATA, source, DATA + "/b.png"], None)
        compare(rows, f"ResNet-9, {name}, JPEG to PNG", commands, bars, rounds)
        commands = {"fauve": ([FAUVE, "apply", model, source, "-o", DATA + "/a.png", "-f", "-q"], PLAIN),
                    "PyTorch": ([sys.executable, os.path.join(HERE, "peers", "paint.py"), model, source, DATA + "/b.png", str(THREADS)], None)}
        compare(rows, f"{title}, {name}, JPEG to PNG", commands, {"PyTorch": 20 if size == 64 else 6}, rounds)
    return rows


def compare(rows, title, commands, bars, rounds):
    ms, mb = {k: [] for k in commands}, {k: [] for k in commands}
    for _ in range(5 * rounds):
        for who, (command, env) in commands.items():
            if ms[who] is None:
                continue
            try:
                s, m = process(command, env)
            except RuntimeError as e:
                FAILED.append(f"- {title}: {who}: {str(e).strip().splitlines()[-1][:200]}")
                ms[who] = None
                continue
            ms[who].append(1e3 * s)
            mb[who].append(m)
    ours = statistics.median(ms["fauve"])
    rows.append(f"| {title} | `fauve apply` | {ours:.0f} ({spread(ms['fauve'])}) | | | {statistics.median(mb['fauve']):.0f} |")
    there = {k: statistics.median(v) for k, v in ms.items() if v and k != "fauve"}
    for who, theirs in there.items():
        bar = bars.get(who, bars.get("fastest") if theirs == min(there.values()) else None)
        rows.append(f"| | {who} | {theirs:.0f} ({spread(ms[who])}) | {theirs / ours:.1f} | {verdict(theirs / ours, bar)} | {statistics.median(mb[who]):.0f} |")
    print("\n".join(rows[-1 - len(there):]), flush=True)


def busy(case, rounds, peers, quiet):
    """the same race while another process keeps one core busy"""
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        ms = {"fauve": []}
        for _ in range(rounds):
            ms["fauve"] += fauve(case[1], case[2])["ms"]
            for name, file, mode, more in peers:
                ms.setdefault(name, []).extend(peer(file, mode, case[2], more)["ms"])
    finally:
        spinner.kill()
        spinner.wait()
    rows = []
    for name, v in ms.items():
        m = statistics.median(v)
        rows.append(f"| {name} | {quiet[name]:.0f} | {m:.0f} | {m / quiet[name]:.2f} | " +
                    ("" if name == "fauve" else f"{quiet[name] / quiet['fauve']:.2f} | {m / statistics.median(ms['fauve']):.2f}") + " |")
    print("\n".join(rows), flush=True)
    return rows


def frames_and_memory():
    rows, (model, title) = [], style()
    for name in sorted(os.listdir(os.path.join(ROOT, "styles"))):
        if not name.endswith(".safetensors") or family(os.path.join(ROOT, "styles", name)) != "strokenet":
            continue
        for more in ([], ["--precision", "f32"]):
            ms = fauve(["strokenet", "--model", os.path.join(ROOT, "styles", name), "--size", "1920x1080", *more], 5)["median_ms"]
            rows.append(f"| `{name.split('.')[0]}` {' '.join(more)} | {ms:.0f} ms | {1e3 / ms:.2f} frames a second |")
    for more in ([], ["--max-memory", "400M"]):
        got = [process([FAUVE, "apply", model, f"{DATA}/1920.jpg", "-o", DATA + "/a.png", "-f", "-q", *more], PLAIN) for _ in range(3)]
        rows.append(f"| {title}, `fauve apply {' '.join(more)}`, JPEG to PNG | {statistics.median(s for s, _ in got):.1f} s | {max(m for _, m in got):.0f} MB |")
    print("\n".join(rows), flush=True)
    return rows


def scaling():
    rows, model = [], style()[0]
    for w, h in ((128, 128), (256, 256), (512, 512), (1024, 1024), (2048, 2048)):
        one, two = (json.loads(run([FAUVE, "bench", "strokenet", "--model", model, "--size", f"{w}x{h}", "--json", "--threads", str(t), "--time", "3s"], PLAIN))["cases"][0]["median_ms"]
                    for t in (1, 2))
        rows.append(f"| {w}x{h} | {one:.1f} | {two:.1f} | {one / two:.2f} | {1e6 * two / (w * h):.0f} |")
    return rows


def batches():
    rows = []
    for b in (1, 2, 4, 8, 16):
        one, two = (json.loads(run([FAUVE, "bench", "style", "--batch", str(b), "--json", "--threads", str(t), "--time", "4s"], PLAIN))["cases"][0]["median_ms"] for t in (1, 2))
        rows.append(f"| {b} | {one:.0f} | {two:.0f} | {one / two:.2f} | {1e6 * two / (b * 192 * 192):.0f} |")
    return rows


def processor():
    info = dict(l.split(":", 1) for l in open("/proc/cpuinfo").read().split("\n\n")[0].splitlines() if ":" in l)
    info = {k.strip(): v.strip() for k, v in info.items()}
    sets = [s for s in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if s in info.get("flags", "").split()]
    return f"{info.get('model name', platform.machine())}, family {info.get('cpu family')}, model {info.get('model')}, {THREADS} threads, {', '.join(sets)}"


def versions():
    import importlib.metadata as m
    names = {"torch": "PyTorch", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "ncnn": "ncnn", "keras": "Keras", "tensorflow-cpu": "TensorFlow", "jax": "JAX", "numpy": "NumPy"}
    found = []
    for n, title in names.items():
        try:
            found.append(f"{title} {m.version(n)}")
        except m.PackageNotFoundError:
            pass
    return ", ".join(found) + f", Python {platform.python_version()}"


HEAD = "| work | by | ms (5 % - 95 %) | times fauve's | bar | MB above idle |\n| --- | --- | --- | --- | --- | --- |\n"


def dry(words):
    """every peer's work once, on tiny sizes; what a Python lacks is named. Without ONNX files the other runtimes have nothing to run."""
    peers = os.path.join(HERE, "peers")
    env, failed, seen = {**os.environ, "BENCH_DRY": "1"}, 0, set()
    jobs = [] if words else [("numbers", ["check.py"])]
    for title, _, _, _, _, rivals in CASES:
        if not words or any(w in title for w in words):
            jobs += [(f"{file} {m}", [file, m, "1", "1", *more]) for _, file, modes, more in rivals for m in modes if file != "runtimes.py"]
    for name, (file, *more) in jobs:
        if name in seen:
            continue
        seen.add(name)
        r = subprocess.run([sys.executable, os.path.join(peers, file), *more], env=env, capture_output=True, text=True)
        last = (r.stderr.strip() or "no message").splitlines()[-1]
        lacks = "ModuleNotFoundError" in last
        failed += r.returncode != 0 and not lacks
        print(f"{name}: " + ("ran" if r.returncode == 0 else last), flush=True)
        if name == "numbers":
            print(r.stdout.rstrip(), flush=True)
    return failed


def main():
    if sys.argv[1] == "--dry":
        sys.exit(dry(sys.argv[2:]) != 0)
    rounds, words = int(sys.argv[1]), sys.argv[2:]
    pictures()
    bf16 = any(s.startswith(("avx512_bf16", "amx_bf16")) for s in open("/proc/cpuinfo").read().split())
    cases = [c for c in CASES if (bf16 or "bf16" not in c[1]) and (not words or any(w in c[0] for w in words))]
    rows, modes, first = [], [], None
    for c in cases:
        r, ours, peers = race(c, rounds, modes)
        rows += r
        if first is None and c[1] == ["resnet", "--precision", "f32"]:
            first = (c, peers, {"fauve": ours, **{p[0]: statistics.median(peer(p[1], p[2], 10, p[3])["ms"]) for p in peers}})
    if words:
        return
    painted = start(rounds)
    under = busy(first[0], rounds, first[1], first[2])
    frames, sizes, batch = frames_and_memory(), scaling(), batches()
    version = run([FAUVE, "--version"], PLAIN).split()[-1]
    text = f"""# Benchmarks

Written by `script/bench-peers {rounds}` on {datetime.date.today()}: fauve {version}, {versions()}.
Processor: {processor()}. Load when it ended: {os.getloadavg()[0]:.1f}.

All run in turn, {rounds} rounds; milliseconds: median of all runs. Peers run in their fastest mode, found first (below), with as many threads, and PyTorch
with a good allocator (see `script/bench-peers`). bf16: products of numbers rounded to bf16, sums in float; the peers' modes round more, all that passes
from layer to layer. MB above idle: at the peak, above what the program holds when its libraries are loaded; behind the colon fauve's share of it.

{HEAD}""" + "\n".join(rows) + f"""

From the start of the process to the painted file; MB: the whole process at its peak.

{HEAD.replace("MB above idle", "MB")}""" + "\n".join(painted) + """

The first race again while another process keeps one core busy, ms:

| by | quiet | busy | slower by | times fauve's, quiet | busy |
| --- | --- | --- | --- | --- | --- |
""" + "\n".join(under) + """

1920x1080, fauve alone; the first lines without reading and writing files:

| what | time | |
| --- | --- | --- |
""" + "\n".join(frames) + """

The network of `vangogh` paints pictures of many sizes; ms, and what a pixel costs:

| size | one thread | two | gain | ns a pixel, two threads |
| --- | --- | --- | --- | --- |
""" + "\n".join(sizes) + """

A step of `style`, crops of 192x192, batches of many sizes:

| batch | one thread | two | gain | ns a pixel, two threads |
| --- | --- | --- | --- | --- |
""" + "\n".join(batch) + """

Peers' modes, ms, a few runs each:

""" + "\n".join(modes) + ("\n\nDid not run:\n\n" + "\n".join(sorted(set(FAILED))) if FAILED else "") + "\n"
    with open(os.path.join(ROOT, "docs", "benchmarks.md"), "w") as f:
        f.write(text)


if __name__ == "__main__":
    main()
