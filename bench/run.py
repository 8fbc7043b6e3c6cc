# SPDX-License-Identifier: Apache-2.0
"""Runs fauve and PyTorch in turn and writes docs/benchmarks.md. usage: run.py ROUNDS [quick] (see script/bench)

First every mode of PyTorch once, a few runs each: the fastest median races (quick: only the modes that were fastest
before, and without torch.compile where that takes minutes). Then ROUNDS rounds: fauve, PyTorch, fauve ..."""
import datetime, json, math, os, platform, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
THREADS = len(os.sched_getaffinity(0))
BENCH, FAUVE, DATA = (os.path.join(ROOT, "build", n) for n in ("bench/bench", "fauve", "bench-data"))
# fauve runs with the C library's own settings, as people have it.
PLAIN = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}

# case: what, our arguments, the peer's file, its modes, its further arguments, runs a round, the bar as PyTorch / fauve
QUICK = "quick" in sys.argv
STYLE = ["eager", "eager-autocast", "eager-autocast-cl"] if QUICK else ["eager", "eager-cl", "eager-autocast", "eager-autocast-cl", "compile-autocast"]
RESNET = ["eager-bf16", "compile-freeze-bf16"] if QUICK else ["eager-cl", "eager-bf16", "compile-freeze-bf16", "compile-freeze-autocast-cl"]
CASES = [
    ("(a) ResNet-9, 256x256, forward", "resnet --bf16", "resnet.py", RESNET, [], 10, 1.5),
    ("the same, both in float", "resnet", "resnet.py", ["eager-cl"] if QUICK else ["eager-cl", "compile-freeze-cl"], [], 10, None),
    ("(b) `style`, first program", "prototype", "style.py", STYLE, ["prototype"], 5, 1.5),
    ("the same, both cut crops", "prototype --photos {d} --art {d}", "style.py", ["eager-autocast"] if QUICK else STYLE, ["prototype", "{d}", "{d}"], 5, 1.5),
    ("`style`, defaults", "default", "style.py", ["eager-autocast"] if QUICK else STYLE, ["default"], 5, 1.5),
    ("(c) `dense`, batch 1000", "dense --bf16", "dense.py", ["eager-autocast"] if QUICK else ["eager", "eager-autocast", "compile-autocast"], [], 20, 1.0),
    ("the same, both in float", "dense", "dense.py", ["eager"] if QUICK else ["eager", "compile"], [], 20, None),
]


def run(command, env=None):
    r = subprocess.run(command, env=env, capture_output=True, text=True)
    if r.returncode:
        sys.exit(" ".join(command) + "\n" + r.stderr[-2000:])
    return r.stdout


def median(file, mode, runs, more):
    """of a mode's milliseconds; infinite where PyTorch cannot run it"""
    try:
        return statistics.median(theirs(file, mode, runs, more)["ms"])
    except SystemExit as e:
        print(e, file=sys.stderr)
        return math.inf


def ours(args, runs):
    return json.loads(run([BENCH, *args.format(d=DATA + "/pictures").split(), "--threads", str(THREADS), "--runs", str(runs)], PLAIN).splitlines()[-1])


def theirs(file, mode, runs, more):
    more = [m.format(d=DATA + "/pictures") for m in more]
    return json.loads(run([sys.executable, os.path.join(HERE, "peers", file), mode, str(THREADS), str(runs), *more]).splitlines()[-1])


def pictures():
    import numpy as np
    from PIL import Image
    os.makedirs(DATA + "/pictures", exist_ok=True)
    rng = np.random.default_rng(1)
    def make(path, w, h):
        small = rng.integers(0, 256, (h // 16 + 1, w // 16 + 1, 3), dtype=np.uint8)
        big = np.asarray(Image.fromarray(small).resize((w, h), Image.BICUBIC), dtype=np.int16) + rng.integers(-12, 13, (h, w, 3))
        Image.fromarray(big.clip(0, 255).astype(np.uint8)).save(path, quality=90)
    for i in range(40):
        make(f"{DATA}/pictures/{i:02}.jpg", 640, 480)
    for w, h in ((64, 64), (768, 512)):
        make(f"{DATA}/{w}.jpg", w, h)
    run([BENCH, "model", DATA + "/model.safetensors"], PLAIN)


def spread(ms):
    q = statistics.quantiles(ms, n=20)
    return f"{q[0]:.0f} - {q[-1]:.0f}"


def seconds(command, env=None):
    t = time.perf_counter()
    run(command, env)
    return (time.perf_counter() - t) * 1e3


def verdict(ratio, bar):
    return "" if bar is None else f"at least {bar:g}: {'met' if ratio >= bar else '**missed**'}"


def race(rounds):
    rows, memory, modes_seen = [], [], []
    for what, args, file, modes, more, runs, bar in CASES:
        scan = {m: median(file, m, 4, more) for m in modes if len(modes) > 1}
        best = min(scan, key=scan.get) if scan else modes[0]
        if scan:
            modes_seen.append(f"- {what}: " + ", ".join(f"{m} {t:.0f}" if t < math.inf else f"{m} fails" for m, t in scan.items()))
        a, b, pa, pb = [], [], [], []
        for _ in range(rounds):
            x, y = ours(args, runs), theirs(file, best, runs, more)
            a += x["ms"]
            b += y["ms"]
            pa.append(x["peak_mb"] - x["idle_mb"])
            pb.append(y["peak_mb"] - y["idle_mb"])
        ratio = statistics.median(b) / statistics.median(a)
        rows.append(f"| {what} | `bench {args.replace('{d}', 'DIR')}` | {statistics.median(a):.0f} ({spread(a)}) | `{file} {best}` | "
                    f"{statistics.median(b):.0f} ({spread(b)}) | {ratio:.2f} | {verdict(ratio, bar)} |")
        pm = statistics.median(pa) / statistics.median(pb)
        memory.append(f"| {what} | {statistics.median(pa):.0f} | {statistics.median(pb):.0f} | {pm:.2f} | {'met' if pm <= .5 else '**missed**'} |")
        print(rows[-1], memory[-1], sep="\n", flush=True)
    return rows, memory, modes_seen


def start(rounds):
    rows = []
    model = DATA + "/model.safetensors"
    for size, name, bar in ((64, "64x64", 20), (768, "768x512", 6)):
        a, b = [], []
        for _ in range(5 * rounds):
            a.append(seconds([FAUVE, "apply", model, f"{DATA}/{size}.jpg", "-o", f"{DATA}/a.png", "-f"], PLAIN))
            b.append(seconds([sys.executable, os.path.join(HERE, "peers", "paint.py"), model, f"{DATA}/{size}.jpg", f"{DATA}/b.png", str(THREADS)]))
        ratio = statistics.median(b) / statistics.median(a)
        rows.append(f"| (e) {name}, JPEG to PNG | {statistics.median(a):.0f} ({spread(a)}) | {statistics.median(b):.0f} ({spread(b)}) | {ratio:.1f} | {verdict(ratio, bar)} |")
        print(rows[-1], flush=True)
    return rows


def processor():
    info = dict(l.split(":", 1) for l in open("/proc/cpuinfo").read().split("\n\n")[0].splitlines() if ":" in l)
    info = {k.strip(): v.strip() for k, v in info.items()}
    sets = [s for s in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if s in info.get("flags", "").split()]
    return f"{info.get('model name', platform.machine())}, family {info.get('cpu family')}, model {info.get('model')}, {THREADS} threads, {', '.join(sets)}"


def main():
    rounds = int(sys.argv[1])
    pictures()
    import PIL, numpy, torch
    rows, memory, modes = race(rounds)
    paint = start(rounds)
    version = run([FAUVE, "--version"], PLAIN).split()[-1]
    text = f"""# Benchmarks

Written by `script/bench {rounds}{' quick' * QUICK}` on {datetime.date.today()}: fauve {version}, PyTorch {torch.__version__}, NumPy {numpy.__version__}, Pillow {PIL.__version__}, Python {platform.python_version()}.
Processor: {processor()}. Load when it ended: {os.getloadavg()[0]:.1f}.

Both programs run in turn, {rounds} rounds; milliseconds: median (5 % - 95 %) of all runs. PyTorch runs in its fastest mode, found first (below), with as many
threads and a good allocator (see `script/bench`). A `style` step is the mean over three: every third has the identity term.
`--bf16`: products of numbers rounded to bf16, sums in float; PyTorch's `bf16` and `autocast` round more, all that passes from layer to layer.

| case | fauve | ms | PyTorch | ms | PyTorch / fauve | bar |
| --- | --- | --- | --- | --- | --- | --- |
""" + "\n".join(rows) + """

Peak memory above what each program holds when idle, MB:

| (d) case | fauve | PyTorch | fauve / PyTorch | bar: at most half |
| --- | --- | --- | --- | --- |
""" + "\n".join(memory) + """

From the start of the process to the painted file, ms (`fauve apply MODEL IN -o OUT`, `bench/peers/paint.py MODEL IN OUT`):

| case | fauve | PyTorch | PyTorch / fauve | bar |
| --- | --- | --- | --- | --- |
""" + "\n".join(paint) + """

PyTorch's modes, ms, a few runs each:

""" + "\n".join(modes) + "\n"
    with open(os.path.join(ROOT, "docs", "benchmarks.md"), "w") as f:
        f.write(text)


if __name__ == "__main__":
    main()
