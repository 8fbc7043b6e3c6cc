/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG and PNG without libvips, both ways (src/picture/bare.c, whole.c). */
#include "fuzz.h"
#include "picture/internal.h"

static bool read_bare(fv_format f, const void *data, size_t bytes, fv_picture *p)
{
	fv_source s = { .path = "fuzz", .fd = -1, .data = data, .bytes = bytes, .format = f,
	                .format_name = "picture", .max_pixels = 1 << 20, .flat_pixels = 1 << 20,
	                .memory = 1 << 30, .place = fv_source_place };
	return fv_bare_read(&s, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *name;
	fv_picture p = { 0 };
	fv_bytes out = { 0 };
	fv_format f = fv_format_of_bytes(data, bytes, &name);
	if (f != FV_JPEG && f != FV_PNG)
		return 0;
	fv_not_whole(f, data, bytes);
	double exponent = f == FV_PNG ? fv_png_exponent(data, bytes) : 1;
	fuzz_must(exponent > 0 && exponent < 1e6, "a PNG's exponent is a number");
	if (!read_bare(f, data, bytes, &p))
		return 0;
	const fv_pixels v = p.pixels;
	fuzz_must(v.width > 0 && v.height > 0 && v.width * v.height <= 1 << 20 && v.stride_bytes >= v.width * v.channels * v.bits / 8, "the size is as it was asked for");
	unsigned sum = 0;                                       /* every pixel is there */
	for (int64_t i = 0; i < v.height * v.stride_bytes; i++)
		sum += ((const uint8_t *)v.data)[i];
	fuzz_must(sum <= 255u * (unsigned)(v.height * v.stride_bytes), "bytes");
	fv_picture_fill_hidden(&p);
	if (v.width * v.height < 20000) {
		fv_picture again = { 0 };
		fuzz_must(!fv_bare_write(FV_PNG, NULL, &p, 90, &out) ||
		                  read_bare(FV_PNG, out.data, out.bytes, &again), "the PNG that was written reads");
		fuzz_must(!again.pixels.data || (again.pixels.width == v.width && again.pixels.height == v.height), "and has the same size");
		fv_picture_forget(&again);
		fv_bytes_free(&out);
		if (v.channels == 3)
			fv_bare_write(FV_JPEG, NULL, &p, 89 + (int)(bytes & 3), &out);
		fv_bytes_free(&out);
	}
	fv_picture_forget(&p);
	return 0;
}
