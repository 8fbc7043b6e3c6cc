/* SPDX-License-Identifier: Apache-2.0 */
/* How large a picture says it is, by its header alone: for how long many of them will take. */
#include "picture/internal.h"
#include "base/file.h"
#include <unistd.h>

#define SEGMENTS 200                    /* of a JPEG, before its frame; entries of a TIFF */

/* Bytes at a place; false: the file ends before. */
static bool at(int fd, int64_t offset, uint8_t *to, size_t bytes)
{
	return pread(fd, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

/* SOF0 to SOF15 but for DHT, JPG and DAC, which lie between them, hold the size. */
static bool jpeg(int fd, int64_t size[2])
{
	uint8_t p[9];
	int64_t offset = 2;
	for (int i = 0; i < SEGMENTS && at(fd, offset, p, sizeof p) && p[0] == 0xff; i++) {
		bool frame = p[1] >= 0xc0 && p[1] <= 0xcf && p[1] != 0xc4 && p[1] != 0xc8 &&
		             p[1] != 0xcc;
		if (frame) {
			size[0] = fv_get_be(p + 7, 2);
			size[1] = fv_get_be(p + 5, 2);
			return true;
		}
		offset += p[1] == 0xff ? 1 : 2 + (int64_t)fv_get_be(p + 2, 2);
	}
	return false;
}

/* The first directory's tags 256 and 257. */
static bool tiff(int fd, const uint8_t *head, int64_t size[2])
{
	const bool little = head[0] == 'I';
	uint8_t p[12];
	const int64_t offset = little ? fv_get_le(head + 4, 4) : fv_get_be(head + 4, 4);
	if (!at(fd, offset, p, 2))
		return false;
	const int entries = (int)(little ? fv_get_le(p, 2) : fv_get_be(p, 2));
	for (int i = 0; i < entries && i < SEGMENTS && at(fd, offset + 2 + 12 * i, p, 12); i++) {
		const uint32_t tag = little ? fv_get_le(p, 2) : fv_get_be(p, 2),
			       type = little ? fv_get_le(p + 2, 2) : fv_get_be(p + 2, 2);
		const int bytes = type == 3 ? 2 : 4;
		if (tag == 256 || tag == 257)
			size[tag - 256] = little ? fv_get_le(p + 8, bytes)
			                         : fv_get_be(p + 8, bytes);
	}
	return size[0] && size[1];
}

int fv_webp_size(const uint8_t head[FV_WEBP_HEAD], int64_t *width, int64_t *height)
{
	const uint8_t *p = head + 12;
	if (!memcmp(p, "VP8X", 4)) {
		*width = 1 + (int64_t)fv_get_le(p + 12, 3);
		*height = 1 + (int64_t)fv_get_le(p + 15, 3);
		return 3 + (p[8] >> 4 & 1);
	}
	if (!memcmp(p, "VP8L", 4)) {
		uint32_t bits = fv_get_le(p + 9, 4);
		*width = 1 + (bits & 0x3fff);
		*height = 1 + (bits >> 14 & 0x3fff);
		return 3 + (bits >> 28 & 1);
	}
	*width = fv_get_le(p + 14, 2) & 0x3fff;
	*height = fv_get_le(p + 16, 2) & 0x3fff;
	return 3;
}

bool fv_picture_peek(const char *path, int64_t *width, int64_t *height)
{
	uint8_t p[FV_WEBP_HEAD];
	const char *name;
	int64_t size[2] = { 0, 0 };
	int fd;
	*width = *height = 0;
	if (fv_file_open(NULL, path, 0, &fd, NULL))
		return false;
	fv_format f = at(fd, 0, p, sizeof p) ? fv_format_of_bytes(p, sizeof p, &name)
	                                     : FV_FORMAT_UNKNOWN;
	if (f == FV_JPEG)
		jpeg(fd, size);
	else if (f == FV_PNG)
		size[0] = fv_get_be(p + 16, 4), size[1] = fv_get_be(p + 20, 4);
	else if (f == FV_GIF)
		size[0] = fv_get_le(p + 6, 2), size[1] = fv_get_le(p + 8, 2);
	else if (f == FV_TIFF && (p[2] | p[3]) == 42)
		tiff(fd, p, size);
	else if (f == FV_WEBP)
		fv_webp_size(p, &size[0], &size[1]);
	close(fd);
	*width = size[0];
	*height = size[1];
	return size[0] > 0 && size[1] > 0;
}
