#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/fuzz/seeds.py: makes seeds/TARGET/*, what the fuzz targets begin with; the same bytes every time. Files that it does not make
(seeds/picture/made.*, seeds/bare/made.*: a few pixels each, of other programs' encoders; and what was found) stay as they are."""
import gzip
import json
import os
import random
import struct
import zlib

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seeds")
random.seed(1)


def put(target, name, data):
    os.makedirs(os.path.join(HERE, target), exist_ok=True)
    with open(os.path.join(HERE, target, name), "wb") as f:
        f.write(data)


# ---- safetensors and models

BYTES = {"F32": 4, "F16": 2, "BF16": 2, "F64": 8, "I32": 4, "U8": 1}


def values(kind, n):
    if kind in ("F32", "F64", "F16"):
        return b"".join(struct.pack("<" + {"F32": "f", "F64": "d", "F16": "e"}[kind], random.gauss(0, 0.1)) for _ in range(n))
    return b"".join(struct.pack("<f", random.gauss(0, 0.1))[4 - BYTES[kind]:] for _ in range(n))


def safetensors(shapes, metadata=None, kind="F32"):
    header, body = {"__metadata__": metadata} if metadata else {}, b""
    for name, shape in shapes.items():
        n = 1
        for d in shape:
            n *= d
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(body), len(body) + n * BYTES[kind]]}
        body += values(kind, n)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def model(family, network, shapes, kind="F32", **more):
    about = {"format": 1, "reader": 1, "program": "0.1.0", "family": family, "network": network, **more}
    return safetensors(shapes, {"fauve": json.dumps(about), "format": "pt"}, kind)


def strokenet(w, blocks, marks, stem):
    s = {"stem.0.weight": [w, 3, stem, stem], "stem.1.weight": [w], "stem.1.bias": [w], "d1.0.weight": [2 * w, w, 3, 3], "d1.1.weight": [2 * w],
         "d1.1.bias": [2 * w], "d2.0.weight": [4 * w, 2 * w, 3, 3], "d2.1.weight": [4 * w], "d2.1.bias": [4 * w]}
    for i in range(blocks):
        for a, n in (("a", "n"), ("b", "m")):
            s.update({"res.%d.%s.weight" % (i, a): [4 * w, 4 * w, 3, 3], "res.%d.%s.weight" % (i, n): [4 * w], "res.%d.%s.bias" % (i, n): [4 * w]})
    if not blocks:                                          # it knows nothing of the scene
        s = {}
    s.update({"m2.weight": [marks, 7, 3, 3], "m2.bias": [marks], "u1.weight": [2 * w, (4 * w if blocks else 0) + marks, 3, 3], "u1.bias": [2 * w], "m1.weight": [marks, 7, 3, 3],
              "m1.bias": [marks], "u2.weight": [w, 2 * w + marks, 3, 3], "u2.bias": [w], "u3.weight": [w, w + 7, 3, 3], "u3.bias": [w],
              "head.weight": [3, w, stem, stem], "head.bias": [3], "col.weight": [3, 3, 1, 1], "col.bias": [3]})
    return s


def resnet(w, blocks):
    s = {"model.1.weight": [w, 3, 7, 7], "model.4.weight": [2 * w, w, 3, 3], "model.7.weight": [4 * w, 2 * w, 3, 3]}
    for i in range(blocks):
        s.update({"model.%d.conv_block.%d.weight" % (10 + i, k): [4 * w, 4 * w, 3, 3] for k in (1, 5)})
    s.update({"model.%d.weight" % (10 + blocks): [4 * w, 2 * w, 3, 3], "model.%d.weight" % (13 + blocks): [2 * w, w, 3, 3],
              "model.%d.weight" % (17 + blocks): [3, w, 7, 7], "model.%d.bias" % (17 + blocks): [3]})
    return s


def antialiased(w, blocks):
    s = {"model.1.weight": [w, 3, 7, 7], "model.4.weight": [2 * w, w, 3, 3], "model.4.bias": [2 * w],
         "model.8.weight": [4 * w, 2 * w, 3, 3], "model.8.bias": [4 * w]}
    for i in range(blocks):
        s.update({"model.%d.conv_block.%d.weight" % (12 + i, k): [4 * w, 4 * w, 3, 3] for k in (1, 5)})
    s.update({"model.%d.weight" % (13 + blocks): [2 * w, 4 * w, 3, 3], "model.%d.weight" % (17 + blocks): [w, 2 * w, 3, 3],
              "model.%d.weight" % (21 + blocks): [3, w, 7, 7], "model.%d.bias" % (21 + blocks): [3]})
    return s


def sincut(w, blocks):
    s = {"encoder.convs.1.0.weight": [w, 3, 1, 1], "encoder.convs.1.1.bias": [1, w, 1, 1]}
    name = "encoder.convs.2."
    s.update({name + "conv1.0.weight": [w, w, 3, 3], name + "conv1.1.bias": [1, w, 1, 1], name + "conv2.1.weight": [2 * w, w, 3, 3],
              name + "conv2.2.bias": [1, 2 * w, 1, 1], name + "skip.1.weight": [2 * w, w, 1, 1]})
    for name in ["encoder.convs.%d." % (3 + i) for i in range(blocks)] + ["decoder.convs.%d." % i for i in range(blocks)]:
        for k in (1, 2):
            s.update({name + "conv%d.0.weight" % k: [2 * w, 2 * w, 3, 3], name + "conv%d.1.bias" % k: [1, 2 * w, 1, 1]})
    name = "decoder.convs.%d." % blocks
    s.update({name + "conv.weight": [2 * w, w, 3, 3], name + "noise.weight": [1], name + "activate.bias": [1, w, 1, 1]})
    name = "decoder.convs.%d." % (blocks + 1)
    s.update({name + "0.weight": [3, w, 1, 1], name + "1.bias": [1, 3, 1, 1]})
    return s


def unet(w, depth):
    s, c = {}, [3] + [w * min(8, 2 ** i) for i in range(depth)]
    for k in range(1, depth + 1):
        at = "model.model." + ("1.model." + "3.model." * (k - 2) if k > 1 else "")
        outer, inner = k == 1, k == depth
        up = 3 if outer or inner else 5
        s[at + "%d.weight" % (not outer)] = [c[k], c[k - 1], 4, 4]
        s[at + "%d.weight" % up] = [c[k] * (1 if inner else 2), c[k - 1], 4, 4]
        if outer:
            s[at + "%d.bias" % up] = [3]
        for place in [] if outer else [up + 1] if inner else [2, up + 1]:
            width = c[k] if place == 2 else c[k - 1]
            for name in ("weight", "bias", "running_mean", "running_var"):
                s[at + "%d.%s" % (place, name)] = [width]
    return s


def dense(sizes):
    s = {}
    for i in range(len(sizes) - 1):
        s.update({"%d.weight" % i: [sizes[i + 1], sizes[i]], "%d.bias" % i: [sizes[i + 1]]})
    return s


def dcgan(noise, labels):
    w = {"main.0.weight": [noise + labels, 4, 4, 4]}
    for i, c in enumerate((4, 2, 1)):
        for part in ("weight", "bias", "running_mean", "running_var"):
            w[f"main.{3 * i + 1}.{part}"] = [c]
        w[f"main.{3 * i + 3}.weight"] = [c, c // 2 or 1, 4, 4]
    return w


def models():
    small = {"width": 1, "blocks": 1, "marks": 1, "stem": 3, "affine": True, "medium": "oil", "brush": [8.0, 4.0, 2.0], "length": 4.0, "bristle": 1.5}
    put("model", "oil", model("strokenet", small, strokenet(1, 1, 1, 3), "F16", palette="102030405060" * 8, relief=[1.5, 0.75]))
    put("model", "print", model("strokenet", {**small, "medium": "print", "blocks": 0, "stem": 5}, strokenet(1, 0, 1, 5), "BF16"))
    put("model", "resnet", model("resnet", {"width": 1, "blocks": 1}, resnet(1, 1), "F16"))
    put("model", "dense", model("dense", {"noise": 2, "hidden": [3], "out": 4}, dense([2, 3, 4])))
    put("model", "vgg", model("vgg", {"depth": 16, "width": 64, "pooling": "max"}, {"a": [1]}))
    put("safetensors", "empty", safetensors({}))
    for kind in BYTES:
        put("safetensors", kind, safetensors({"a": [2, 3], "b": [1], "scalar": []}, {"format": "pt"}, kind))
    put("safetensors", "rank6", safetensors({"a": [1, 2, 1, 2, 1, 2]}))
    put("safetensors", "odd", safetensors({"a": [3]}, kind="U8") + b"")


def animegan(w, blocks):
    s = {}

    def layer(name, o, i, k, deep=False):
        s[name + ".1.weight"] = [o, 1 if deep else i, k, k]
        if deep:
            s[name + ".1.bias"] = [o]
        s.update({name + ".2.weight": [o], name + ".2.bias": [o]})

    for name, o, i, k in (("block_a.0", w, 3, 7), ("block_a.1", 2 * w, w, 3),
                          ("block_a.2", 2 * w, 2 * w, 3), ("block_b.0", 4 * w, 2 * w, 3),
                          ("block_b.1", 4 * w, 4 * w, 3), ("block_c.0", 4 * w, 4 * w, 3),
                          ("block_c.%d" % (blocks + 1), 4 * w, 8 * w, 3),
                          ("block_d.0", 4 * w, 4 * w, 3), ("block_d.1", 4 * w, 4 * w, 3),
                          ("block_e.0", 2 * w, 4 * w, 3), ("block_e.1", 2 * w, 2 * w, 3),
                          ("block_e.2", w, 2 * w, 7)):
        layer(name, o, i, k)
    for n in range(1, blocks + 1):
        c, name = 4 * w if n == 1 else 8 * w, "block_c.%d.layers." % n
        layer(name + "0", 2 * c, c, 1)
        layer(name + "1", 2 * c, 2 * c, 3, True)
        s.update({name + "2.weight": [8 * w, 2 * c, 1, 1], name + "3.weight": [8 * w],
                  name + "3.bias": [8 * w]})
    s["out_layer.0.weight"] = [3, w, 1, 1]
    return s


def cartoongan(w, blocks):
    s = {"conv01_1.weight": [w, 3, 7, 7], "deconv03_1.weight": [3, w, 7, 7], "deconv03_1.bias": [3]}

    def norm(name, c):
        s.update({name + ".scale": [c], name + ".shift": [c]})

    norm("in01_1", w)
    for name, at, i, o in (("conv02", 2, w, 2 * w), ("conv03", 3, 2 * w, 4 * w),
                           ("deconv01", blocks + 4, 4 * w, 2 * w),
                           ("deconv02", blocks + 5, 2 * w, w)):
        s.update({name + "_1.weight": [i, o, 3, 3] if name[0] == "d" else [o, i, 3, 3],
                  name + "_1.bias": [o], name + "_2.weight": [o, o, 3, 3]})
        norm("in%02d_1" % at, o)
    for n in range(4, 4 + blocks):
        for k in (1, 2):
            s["conv%02d_%d.weight" % (n, k)] = [4 * w, 4 * w, 3, 3]
            norm("in%02d_%d" % (n, k), 4 * w)
    return s


# Last, so that the numbers of those above stay.
def later_models():
    put("model", "antialiased", model("resnet", {"width": 1, "blocks": 1, "antialias": True}, antialiased(1, 1), "F16"))
    put("model", "sincut", model("sincut", {"width": 1, "blocks": 2}, sincut(1, 2)))
    light = {"version": "v2", "width": 1, "blocks": 1, "grid": "legacy", "eps": 1e-12}
    put("model", "animegan", model("animegan", light, animegan(1, 1)))
    heavy = {"width": 1, "blocks": 1, "order": "bgr", "eps": 1e-9}
    put("model", "cartoongan", model("cartoongan", heavy, cartoongan(1, 1)))
    small = {"width": 1, "depth": 5, "norm": "batch", "dropout": True}
    put("model", "unet", model("unet", small, unet(1, 5), "F16"))


# ---- runs: parts of a length each, the last takes the rest

def parts(*part):
    return b"".join(struct.pack("<H", len(p)) + p for p in part[:-1]) + part[-1]


def runs():
    stats = b"".join(b'{"step":%d,"d":1,"dropped":0}\n' % k for k in range(1, 8))
    times = b'{"step":5,"seconds":1.5,"samples_per_second":3}\n{"step":7,"sec'
    begun = {"recipe": "dense", "photos": [], "art": [], "data": "none", "time": None, "steps": 3, "batch": 2, "size": 0, "width": 0, "blocks": 0, "rate": None,
             "adv": None, "content": None, "style": None, "colour": None, "seed": 1, "features": "vgg16", "precision": "f32"}
    style = {**begun, "recipe": "style", "photos": ["none"], "art": ["none", "none"], "preset": "instant", "time": 60.0, "size": 64, "rate": 0.001, "name": "mine"}
    put("run", "sound", parts(b"{}", stats, times, b""))
    for i, step in enumerate(((5, 10), (0, 1), (3, 3), (1000000, 2000000))):
        put("run", "step%d" % i, parts(json.dumps({"step": step[0], "steps": step[1], "dropped": 1, "attempt": 1, "in_a_row": 2, "rate_scale": 0.5}).encode(), stats, times, b""))
    put("run", "settings", parts(b'{"settings":{"batch":2,"rate":1e308,"data":"x"}}', b"", b"", b""))
    put("run", "dense", parts(b"{}", stats, b"", json.dumps(begun, indent=1).encode()))
    put("run", "style", parts(b"{}", b"", times, json.dumps(style).encode()))
    put("run", "checkpoint", parts(safetensors({"w": [2, 3], "b": [1]}, {"fauve.run": "{}"}), b'{"step":', b"\0\n", b'{"recipe"'))


# ---- pictures

def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(w, h, bits, colour, channels, *chunks, interlace=0):
    row = (w * channels * bits + 7) // 8
    lines = b"".join(bytes([y % 5]) + bytes(random.randrange(256) for _ in range(row)) for y in range(h))
    if interlace:                               # one pixel: only the first pass has any
        lines = b"\0" + bytes(range(1, row + 1))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, interlace)) + b"".join(chunk(*c) for c in chunks)
            + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def tiff(w, h, private):
    at, entries = 8 + w * h * 3, []
    for tag, kind, n, v in ((256, 3, 1, w), (257, 3, 1, h), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 8), (274, 3, 1, 6), (277, 3, 1, 3),
                            (278, 3, 1, h), (279, 4, 1, w * h * 3), *private):
        entries.append(struct.pack("<HHII", tag, kind, n, v))
    return (b"II*\0" + struct.pack("<I", at) + bytes(random.randrange(256) for _ in range(w * h * 3)) + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4))


def exif(directories, big):
    """directories: name to [(tag, type, count, bytes)]; pointers from one to the other are added."""
    e, names = ">" if big else "<", [k for k in ("ifd0", "exif", "gps", "interop") if k in directories]
    pointer = {"exif": ("ifd0", 0x8769), "gps": ("ifd0", 0x8825), "interop": ("exif", 0xa005)}
    at, place = 8, {}
    for k in names:
        place[k] = at
        at += 2 + 12 * (len(directories[k]) + sum(1 for q in names if q in pointer and pointer[q][0] == k)) + 4
    body, far = b"", b""
    for k in names:
        entries = list(directories[k]) + [(pointer[q][1], 4, 1, struct.pack(e + "I", place[q])) for q in names if q in pointer and pointer[q][0] == k]
        body += struct.pack(e + "H", len(entries))
        for tag, kind, n, v in sorted(entries):
            if len(v) <= 4:
                body += struct.pack(e + "HHI", tag, kind, n) + v.ljust(4, b"\0")
            else:
                body += struct.pack(e + "HHII", tag, kind, n, at + len(far))
                far += v + bytes(len(v) % 2)
        body += bytes(4)
    return (b"MM" if big else b"II") + struct.pack(e + "HI", 42, 8) + body + far


def camera(big):
    short = lambda v: struct.pack(">H" if big else "<H", v)
    return exif({"ifd0": [(0x010f, 2, 6, b"Maker\0"), (0x0112, 3, 1, short(6)), (0x013c, 2, 5, b"host\0"), (0x8298, 2, 9, b"somebody\0")],
                 "exif": [(0x9003, 2, 20, b"2020:01:01 00:00:00\0"), (0x927c, 7, 20, b"maker" * 4), (0xa002, 3, 1, short(3)), (0xa431, 2, 7, b"123456\0")],
                 "gps": [(1, 2, 2, b"N\0"), (2, 5, 3, bytes(24))], "interop": [(1, 2, 4, b"R98\0")]}, big)


XMP = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
       b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" tiff:Orientation="6" '
       b'exif:GPSLatitude="1,2N"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">A title</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>')
IPTC = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x15\x1c\x02\x50\0\x03abc\x1c\x02\x5a\0\x08Nowhere!\x008BIM\x04\x0c\x03abc\0\0\0\x04xxxx"


def pictures():
    private = camera(False)
    for target in ("bare", "picture"):
        put(target, "rgb.png", png(5, 4, 8, 2, 3, (b"gAMA", struct.pack(">I", 45455)), (b"pHYs", struct.pack(">IIB", 3000, 3000, 1))))
        put(target, "rgba16.png", png(3, 2, 16, 6, 4))
        put(target, "grey1.png", png(9, 3, 1, 0, 1))
    put("bare", "palette.png", png(9, 3, 4, 3, 1, (b"PLTE", bytes(range(48))), (b"tRNS", b"\0\x80")))
    put("bare", "interlaced.png", png(1, 1, 8, 2, 3, interlace=1))
    put("picture", "exif.png", png(5, 4, 8, 2, 3, (b"eXIf", private), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)))
    put("picture", "turned.tif", tiff(4, 3, [(700, 1, 4, 0)]))
    for big in (False, True):
        for keep in (0, 0x80):
            put("metadata", "exif%d%d" % (big, keep), bytes([keep]) + (b"Exif\0\0" if big else b"") + camera(big))
    put("metadata", "many", b"\x80" + exif({k: [(at + i, 4, 1, bytes(4)) for i in range(60)] for k, at in (("ifd0", 0x9000), ("exif", 0x1000), ("gps", 0), ("interop", 0))}, False))
    for keep in (0, 0x80):
        put("metadata", "xmp%d" % keep, bytes([keep | 1]) + XMP)
    put("metadata", "xmp16", b"\1" + XMP.decode().encode("utf-16"))
    put("metadata", "iptc", b"\2" + IPTC)
    put("metadata", "iptc-bare", b"\2\x1c\x02\x50\0\x03abc")
    put("metadata", "profile", b"\3" + bytes(128))


# ---- idx, choices, command lines

def others():
    idx = struct.pack(">IIII", 0x803, 3, 4, 5) + bytes(range(60))
    zipped = bytearray(gzip.compress(idx, mtime=0))
    put("idx", "plain", idx)
    put("idx", "zipped", bytes(zipped))
    put("idx", "claims", struct.pack(">IIII", 0x803, 10000000, 64, 64) + bytes(100))
    put("cache", "sound", b"\1" + b"".join(b"%016x %s\n" % (i, k) for i, k in enumerate((b"one", b"two", b"blur", b"nosuch"))))
    put("cache", "other", b"\0fauve 0.1.0 kernels on another\n0000000000000001 one\n")
    put("cache", "long", b"\1" + b"ffffffffffffffff one " * 20 + b"\n0000000000000001 two")
    lines = ("apply vangogh a.png -o b.png --strength 0.5", "train style --photos a --art b -o r --time 1h30m --seed=4", "apply -fo x.png --max-memory=500M --strokes broad -- -v z",
             "info --json --plan --size 1x1 f", "--threads 2 help train", "bench --time 1.5h -vvv", "eval m --photos p --art q --photos=z", "generate m -n 9 -o a.png",
             "doctor --json", "styles", "--version", "help --completion zsh", "aply --strenght 1")
    for i, line in enumerate(lines):
        put("cli", "%02d" % i, line.replace(" ", "\n").encode())


# ---- what came later stands last: the numbers of those above are drawn in turn

models()
runs()
pictures()
others()
later_models()                          # drawn last: all others stay as they are
# Last, so that the others keep their bytes.
put("model", "dcgan", model("dcgan", {"size": 28, "channels": 1, "width": 1, "noise": 2,
                                      "labels": 3}, dcgan(2, 3), labels=["a", "b", "c"]))


# ---- films: what their reader answers (src/film/wire.h)

INFO, STREAM, CHAPTER, SIZE, FRAME, PACKET, WARNING, END, FAIL = range(1, 10)


def record(kind, data=b"", n=0, pts=0, dts=0, duration=0, a=0, b=0):
    return struct.pack("<IIIiqqqqq", 0x66766631, kind, len(data), n, pts, dts, duration, a, b) + data


def texts(*words):
    return b"".join(w.encode() + b"\0" for w in words)


def stream(kind, codec, form, rate=0, channels=0, time=(1, 1000), extra=b"", words=b"", layout=0, cover=0):
    numbers = [0] * 24
    numbers[0:3], numbers[3], numbers[4] = [kind, codec, form], -99, -99
    numbers[13:16], numbers[23] = [channels, rate, 2 * channels], cover
    return struct.pack("<24iIIIIQq6i", *numbers, 0, len(extra), len(words), 0, layout, 0,
                       0, 1, *time, 0, 1) + extra + words


def size(width, height, channels=3, bits=8, form=2, shape=(1, 1)):
    return struct.pack("<qqqiiiiiiiiiiiiiiii", width, height, 3, channels, bits, 4, 0, form, 2, 2, 2, 2, 0,
                       *shape, 1, 25, 25, 1)


def films():
    sound = record(STREAM, stream(1, 0x10000, 1, 8000, 1, (1, 8000), words=texts("language", "fra"), layout=4))
    titles = record(STREAM, stream(3, 0x17011, -1, words=texts("title", "all of it")))       # SubRip
    def film(how, *streams, **more):
        out = record(INFO, texts("title", "a film", "creation_time", "2020-01-01T00:00:00Z"), pts=120000, a=3)
        out += b"".join(streams) + record(CHAPTER, texts("title", "one"), pts=0, duration=80)
        out += record(WARNING, b": something is odd") + record(SIZE, size(**{"width": 16, "height": 16, **more}))
        for i in range(3):
            out += record(FRAME, n=i, pts=i, duration=1)
        for i in range(3):
            for k in range(len(streams)):
                data = bytes(640) if not k else b"words"
                out += record(PACKET, data + struct.pack("<II", 11, 10) + bytes(10), n=k, pts=(i, 40 * i)[k] * (320, 1)[k],
                              dts=(i, 40 * i)[k] * (320, 1)[k], duration=(320, 40)[k], a=len(data), b=1)
        return bytes([how]) + out
    for name, how in (("mkv", 0), ("mp4", 1), ("mov", 2), ("webm", 3), ("full", 16), ("private", 32)):
        put("film", name, film(how, *(() if name in ("webm", "mp4") else (sound, titles) if name == "mkv" else (sound,))))
    put("film", "alpha", film(0, channels=4, bits=16, form=26, width=17, height=9, shape=(4, 3)))
    put("film", "steady", film(24, width=40, height=33))
    put("film", "fails", b"\0" + record(FAIL, b": is no film", n=5))
    put("film", "cut", film(1) + record(END, b"its end is missing", a=1))
    put("film", "crash", film(64, sound))


films()
