/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG and PNG without libvips, both ways (src/picture/bare.c, whole.c). */
#include "fuzz.h"
#include "picture/internal.h"

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
	if (!fv_bare_read(f, data, bytes, (int64_t)1 << 20, &p))
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
		fuzz_must(!fv_bare_write(FV_PNG, &p, 90, &out) || fv_bare_read(FV_PNG, out.data, out.bytes, (int64_t)1 << 20, &again), "the PNG that was written reads");
		fuzz_must(!again.pixels.data || (again.pixels.width == v.width && again.pixels.height == v.height), "and has the same size");
		free(again.pixels.data);
		fv_bytes_free(&out);
		if (v.channels == 3)
			fv_bare_write(FV_JPEG, &p, 89 + (int)(bytes & 3), &out);
		fv_bytes_free(&out);
	}
	free(p.pixels.data);
	return 0;
}
