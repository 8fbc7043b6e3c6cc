#!/usr/bin/env python3
"""Make the pictures of this folder: of each kind of fault that a picture's painting once had in
silence, small ones. Needs pillow and numpy. They are drawn from ../mountain_path.jpg, whose licence is
in ../mountain_path.txt; d.HEIC, e.avif and exif.jpg are of the same photograph, made with other programs.
"""
import io
import os
import struct

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

HERE = os.path.dirname(os.path.abspath(__file__))
W, H = 32, 20


def path(name):
    return os.path.join(HERE, name)


def tiff(name, pages, kind, planar=1, form=None, tags=()):
    """An uncompressed TIFF, byte for byte: pages are arrays of H,W or H,W,C."""
    out = bytearray(b'II' + struct.pack('<HI', 42, 0))
    link = 4
    for a in pages:
        a = a if a.ndim == 3 else a[:, :, None]
        h, w, c = a.shape
        strips = [a[:, :, k].tobytes() for k in range(c)] if planar == 2 else [a.tobytes()]
        t = {256: (4, [w]), 257: (4, [h]), 258: (3, [8 * a.dtype.itemsize] * c), 259: (3, [1]),
             262: (3, [kind]), 277: (3, [c]), 278: (4, [h]), 279: (4, [len(s) for s in strips]),
             284: (3, [planar]), 339: (3, [form or {'u': 1, 'i': 2, 'f': 3}[a.dtype.kind]] * c)}
        t.update({tag: (kind_of, v) for tag, kind_of, v in tags})
        at = []
        for s in strips:
            at.append(len(out))
            out += s + bytes(len(s) % 2)
        t[273] = (4, at)
        entries = b''
        for tag in sorted(t):
            kind_of, v = t[tag]
            d = v + b'\0' if kind_of == 2 else struct.pack(
                '<%d%s' % (len(v), {1: 'B', 3: 'H', 4: 'I'}[kind_of]), *v)
            count = len(d) if kind_of == 2 else len(v)
            if len(d) > 4:
                out += bytes(len(out) % 2)
                d, where = struct.pack('<I', len(out)), d
                out += where
            entries += struct.pack('<HHI', tag, kind_of, count) + d.ljust(4, b'\0')
        out += bytes(len(out) % 2)
        out[link:link + 4] = struct.pack('<I', len(out))
        out += struct.pack('<H', len(t)) + entries
        link = len(out)
        out += bytes(4)
    with open(path(name), 'wb') as f:
        f.write(out)


def big_tiff(name, rgb):
    """A BigTIFF with tags of its own and an EXIF directory."""
    out = bytearray(b'II' + struct.pack('<HHHQ', 43, 8, 0, 0))
    begin = len(out)
    out += rgb.tobytes()

    def directory(tags):
        entries = b''
        for tag in sorted(tags):
            kind, v = tags[tag]
            d = v + b'\0' if kind == 2 else struct.pack(
                '<%d%s' % (len(v), {3: 'H', 4: 'I', 16: 'Q'}[kind]), *v)
            count = len(d) if kind == 2 else len(v)
            if len(d) > 8:
                where = len(out)
                out.extend(d)
                d = struct.pack('<Q', where)
            entries += struct.pack('<HHQ', tag, kind, count) + d.ljust(8, b'\0')
        where = len(out)
        out.extend(struct.pack('<Q', len(tags)) + entries + bytes(8))
        return where

    exif = directory({0x9003: (2, b'2020:01:02 03:04:05'), 0x8827: (3, [200])})
    h, w, _ = rgb.shape
    first = directory({256: (4, [w]), 257: (4, [h]), 258: (3, [8, 8, 8]), 259: (3, [1]), 262: (3, [2]),
                       273: (16, [begin]), 277: (3, [3]), 278: (4, [h]), 279: (16, [w * h * 3]),
                       315: (2, b'Ann Artist'), 33432: (2, b'(c) Ann'), 34665: (16, [exif])})
    out[8:16] = struct.pack('<Q', first)
    with open(path(name), 'wb') as f:
        f.write(out)


def film(name, frames, **more):
    frames[0].save(path(name), save_all=True, append_images=frames[1:], duration=[50, 120, 200],
                   loop=3, **more)


def main():
    im = Image.open(path('../mountain_path.jpg')).convert('RGB').resize((W, H), Image.LANCZOS)
    rgb = np.array(im)
    grey = np.array(im.convert('L'))
    im.save(path('rgb.png'))
    im.convert('L').save(path('grey.png'))
    im.convert('YCbCr').save(path('ycbcr_lzw.tif'), compression='tiff_lzw')
    ycc = np.array(im.convert('YCbCr'))
    tiff('ycbcr.tif', [ycc], 6, tags=[(530, 3, [1, 1])])
    tiff('ycbcr_packed.tif', [ycc], 6, tags=[(530, 3, [2, 2])])
    tiff('white_is_zero_float.tif', [(1 - grey / 255).astype(np.float32)], 0)
    lab = np.array(ImageCms.profileToProfile(im, ImageCms.createProfile('sRGB'),
                                             ImageCms.createProfile('LAB'), outputMode='LAB'))
    tiff('lab.tif', [lab], 8)
    icc = lab.copy()
    icc[:, :, 1:] ^= 128
    tiff('icclab.tif', [icc], 9)
    tiff('inks.tif', [np.array(im.convert('CMYK'))], 5, tags=[(332, 3, [2])])
    tiff('signed.tif', [(rgb // 2).astype(np.int8)], 2)
    tiff('mask.tif', [grey], 4)
    tiff('raw.tif', [rgb], 2, tags=[(254, 4, [1]), (50706, 1, [1, 4, 0, 0])])
    tiff('beyond.tif', [rgb.astype(np.float32)], 2)
    tiff('tags.tif', [rgb], 2, tags=[(271, 2, b'Canon'), (315, 2, b'Ann Artist'),
                                     (33432, 2, b'(c) Ann')])
    big_tiff('big.tif', rgb)
    tiff('pages.tif', [rgb, rgb[:13].copy(), 255 - rgb], 2)
    im.convert('CMYK').save(path('cmyk.jpg'))
    data = open(path('cmyk.jpg'), 'rb').read()
    at = data.index(b'\xff\xee')
    end = at + 2 + struct.unpack('>H', data[at + 2:at + 4])[0]
    with open(path('cmyk_bare.jpg'), 'wb') as f:
        f.write(data[:at] + data[end:])
    frames = [im, Image.fromarray(255 - rgb), Image.fromarray(rgb[:, ::-1].copy())]
    film('film.gif', frames)
    film('film.webp', frames, lossless=True)
    film('film.png', frames)
    # a part of the canvas, blended, then gone again
    part = [f.convert('RGBA') for f in frames]
    for k, f in enumerate(part[1:]):
        f.putalpha(Image.fromarray(((np.mgrid[:H, :W].sum(0) // 8 + k) % 2 * 255).astype(np.uint8)))
    film('blended.png', part, disposal=[0, 2, 1], blend=[0, 1, 1])
    text = PngImagePlugin.PngInfo()
    text.add_text('Author', 'Ann')
    text.add_text('Copyright', '(c) Ann')
    text.add_itxt('Description', 'H\u00fcgel')
    text.add_text('parameters', 'a hill, Steps: 20', zip=True)
    im.save(path('text.png'), pnginfo=text)
    for k, colour in enumerate(((255, 0, 0), (0, 90, 200))):
        a = np.zeros((48, 48, 4), np.uint8)
        a[:, :, :3] = colour
        a[8:40, 8:40] = (200, 180, 90, 255)
        os.makedirs(path('alpha_%d' % k), exist_ok=True)
        Image.fromarray(a).save(path('alpha_%d/x.png' % k))
    big = Image.open(path('../mountain_path.jpg')).convert('RGB').resize((96, 64), Image.LANCZOS)
    b = io.BytesIO()
    big.save(b, 'JPEG')
    os.makedirs(path('cut'), exist_ok=True)
    with open(path('cut/cut.jpg'), 'wb') as f:
        f.write(b.getvalue()[:len(b.getvalue()) * 6 // 10])
    b = io.BytesIO()
    im.save(b, 'JPEG')
    whole = b.getvalue()
    mpf = b'\xff\xe2' + struct.pack('>H', 10) + b'MPF\0MM\0*'
    with open(path('moving.jpg'), 'wb') as f:
        f.write(whole[:2] + mpf + whole[2:] + whole + b'\0\0\0\x18ftypmp42' + bytes(12))


main()
