/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of pictures, told by bytes and by names. */
#ifndef FV_KINDS_H
#define FV_KINDS_H
#include "base/base.h"

typedef enum { FV_JPEG, FV_PNG, FV_WEBP, FV_TIFF, FV_GIF, FV_HEIF, FV_FORMAT_UNKNOWN } fv_format;

#define FV_FORMAT_HEAD 64               /* bytes that are enough to tell */
/* What the first bytes are; *name is of the format, or of what else it looks like, or NULL. */
fv_format fv_format_of_bytes(const uint8_t *data, size_t bytes, const char **name);
/* The format in which a picture of that name is written. */
fv_format fv_format_of_ending(const char *path);
bool fv_picture_ending(const char *path);       /* there is one */
bool fv_picture_same_ending(const char *a, const char *b);      /* of one format, as .jpg and .jpeg */
/* May a file of that name be a picture? And is it to be tried: by its name, or else by what it
 * begins with. */
bool fv_picture_named(const char *path);
bool fv_picture_there(const char *path);
/* Do people take it for one, though fauve reads no such file: drawings, raw files, films? */
bool fv_picture_taken_for(const char *name);
#endif
