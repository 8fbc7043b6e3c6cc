# SPDX-License-Identifier: Apache-2.0
"""A folder of photographs: `fauve apply` against a loop over ONNX Runtime with the same weights
(peers/many.py says what that does), in turn. usage: many.py FOLDER [ROUNDS [STYLE]]
Prints pictures a second, and seconds of the processors, which others' work disturbs less."""
import os, resource, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PEER, FAUVE = os.path.join(HERE, "peers", "many.py"), os.path.join(ROOT, "build", "fauve")
THREADS = len(os.sched_getaffinity(0))


def run(command):
    """seconds of the clock and of the processors"""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    took, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, sum(getattr(after, n) - getattr(before, n) for n in ("ru_utime", "ru_stime"))


def main():
    folder, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2
    model = os.path.join(ROOT, "styles", (sys.argv[3] if len(sys.argv) > 3 else "vangogh") +
                         ".safetensors")
    count = len(os.listdir(folder))
    with tempfile.TemporaryDirectory() as t:
        onnx, out = t + "/model.onnx", t + "/out"
        subprocess.run([sys.executable, PEER, "export", model, onnx], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ways = {"fauve apply": [FAUVE, "-q", "apply", model, folder, "-o", out],
                "ONNX Runtime": [sys.executable, PEER, "paint", model, onnx, str(THREADS), folder,
                                 out]}
        all = {way: [] for way in ways}
        for _ in range(rounds):
            for way, command in ways.items():
                all[way].append(run(command))
                shutil.rmtree(out)
    best = {way: [min(v) for v in zip(*times)] for way, times in all.items()}
    for way, (clock, cpu) in best.items():
        print(f"{way:14} {count / clock:7.2f} pictures a second  {clock:7.1f} s  "
              f"{cpu:7.1f} s of the processors")
    mine, peer = best.values()
    print(f"times as fast: {peer[0] / mine[0]:.2f} by the clock, {peer[1] / mine[1]:.2f} by the "
          "processors")


if __name__ == "__main__":
    main()
