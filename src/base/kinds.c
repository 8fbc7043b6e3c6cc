/* SPDX-License-Identifier: Apache-2.0 */
/* Which format has a picture? What is read is told by its first bytes, what is written by its
 * name's ending; a folder's pictures by either.
 * To add one: a row in each table, a loader in picture/format.c, and in picture/write.c when it can
 * be written. */
#include "base/kinds.h"
#include "base/file.h"
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const struct {
	fv_format format;
	const char *name, *bytes, *mask;
	size_t count;
} magic[] = {
	{FV_JPEG, "JPEG", "\xff\xd8\xff", NULL, 3},
	{FV_PNG, "PNG", "\x89PNG\r\n\x1a\n", NULL, 8},
	{FV_WEBP, "WebP", "RIFF....WEBP", "1111....1111", 12},
	{FV_TIFF, "TIFF", "II*\0", NULL, 4},
	{FV_TIFF, "TIFF", "MM\0*", NULL, 4},
	{FV_TIFF, "TIFF", "II+\0", NULL, 4},
	{FV_TIFF, "TIFF", "MM\0+", NULL, 4},
	{FV_GIF, "GIF", "GIF8", NULL, 4},
	{FV_HEIF, "HEIF", "....ftyphei", "....1111111", 11},
	{FV_HEIF, "HEIF", "....ftyphev", "....1111111", 11},
	{FV_HEIF, "HEIF", "....ftypmif1", "....11111111", 12},
	{FV_HEIF, "AVIF", "....ftypavi", "....1111111", 11},
	/* What people take for pictures, to name it in the message. */
	{FV_FORMAT_UNKNOWN, "a BMP picture", "BM", NULL, 2},
	{FV_FORMAT_UNKNOWN, "a PDF document", "%PDF", NULL, 4},
	{FV_FORMAT_UNKNOWN, "an SVG drawing", "<svg", NULL, 4},
	{FV_FORMAT_UNKNOWN, "an XML or SVG file", "<?xml", NULL, 5},
	{FV_FORMAT_UNKNOWN, "a web page", "<!DOCTYPE", NULL, 9},
	{FV_FORMAT_UNKNOWN, "a web page", "<html", NULL, 5},
	{FV_FORMAT_UNKNOWN, "a Photoshop document", "8BPS", NULL, 4},
	{FV_FORMAT_UNKNOWN, "a JPEG 2000 picture", "\0\0\0\fjP  ", NULL, 8},
	{FV_FORMAT_UNKNOWN, "a JPEG XL picture", "\xff\x0a", NULL, 2},
	{FV_FORMAT_UNKNOWN, "a JPEG XL picture", "\0\0\0\fJXL ", NULL, 8},
	{FV_FORMAT_UNKNOWN, "a sound or film", "RIFF", NULL, 4},
	{FV_FORMAT_UNKNOWN, "a film", "....ftyp", "....1111", 8},
	{FV_FORMAT_UNKNOWN, "a zip archive", "PK\3\4", NULL, 4},
};

/* written: pictures are written under such a name. */
static const struct {
	const char *ending;
	fv_format format;
	bool written;
} endings[] = {
	{".jpg", FV_JPEG, true},  {".jpeg", FV_JPEG, true},  {".jpe", FV_JPEG, true},
	{".jfif", FV_JPEG, true}, {".png", FV_PNG, true},    {".apng", FV_PNG, true},
	{".webp", FV_WEBP, true}, {".tif", FV_TIFF, true},   {".tiff", FV_TIFF, true},
	{".gif", FV_GIF, true},   {".heic", FV_HEIF, false}, {".heif", FV_HEIF, false},
	{".hif", FV_HEIF, false}, {".avif", FV_HEIF, false},
};

/* Such a file in a folder is named when it is left out; others (texts, lists, checksums) are not.
 */
static const char *const taken_for[] = {
	".bmp", ".dib", ".ico",  ".psd", ".psb",  ".xcf", ".kra", ".ora",  ".svg", ".svgz",
	".eps", ".ai",  ".pdf",  ".ppm", ".pgm",  ".pbm", ".pnm", ".pam",  ".tga", ".exr",
	".hdr", ".jxl", ".jp2",  ".j2k", ".jpf",  ".jpx", ".dds", ".pcx",  ".qoi", ".fits",
	".dng", ".cr2", ".cr3",  ".crw", ".nef",  ".nrw", ".arw", ".sr2",  ".srw", ".orf",
	".rw2", ".raf", ".pef",  ".raw", ".x3f",  ".3fr", ".iiq", ".mp4",  ".mov", ".m4v",
	".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".3gp", ".mts", ".m2ts", ".wmv",
};

fv_format fv_format_of_bytes(const uint8_t *data, size_t bytes, const char **name)
{
	for (size_t i = 0; i < FV_COUNT(magic); i++) {
		bool same = bytes >= magic[i].count;
		for (size_t k = 0; same && k < magic[i].count; k++)
			same = (magic[i].mask && magic[i].mask[k] == '.') ||
			       data[k] == (uint8_t)magic[i].bytes[k];
		if (same) {
			*name = magic[i].name;
			return magic[i].format;
		}
	}
	*name = NULL;
	return FV_FORMAT_UNKNOWN;
}

static const char *dot_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return strrchr(slash ? slash : path, '.');
}

static fv_format of_ending(const char *path, bool written)
{
	const char *dot = dot_of(path);
	for (size_t i = 0; dot && i < FV_COUNT(endings); i++)
		if (!strcasecmp(dot, endings[i].ending))
			return !written || endings[i].written ? endings[i].format
							      : FV_FORMAT_UNKNOWN;
	return FV_FORMAT_UNKNOWN;
}

fv_format fv_format_of_ending(const char *path)
{
	return of_ending(path, true);
}

bool fv_picture_ending(const char *path)
{
	return of_ending(path, true) != FV_FORMAT_UNKNOWN;
}

/* Opened as the reader does, so that nothing is waited for. */
static bool begins_as_one(const char *path)
{
	uint8_t head[FV_FORMAT_HEAD];
	const char *name;
	int fd = -1;
	size_t got = sizeof head;
	if (fv_file_open(NULL, path, 0, &fd, NULL))
		return false;
	bool read = !fv_file_fill(NULL, path, fd, head, &got, NULL, NULL);
	close(fd);
	return read && fv_format_of_bytes(head, got, &name) != FV_FORMAT_UNKNOWN;
}

bool fv_picture_named(const char *path)
{
	return of_ending(path, false) != FV_FORMAT_UNKNOWN;
}

bool fv_picture_there(const char *path)
{
	return fv_picture_named(path) || begins_as_one(path);
}

bool fv_picture_taken_for(const char *name)
{
	const char *dot = dot_of(name);
	for (size_t i = 0; dot && i < FV_COUNT(taken_for); i++)
		if (!strcasecmp(dot, taken_for[i]))
			return true;
	return false;
}
