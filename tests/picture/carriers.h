/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures made by code that carry metadata: blocks of EXIF, XMP, IPTC and ICC, and files that hold
 * them. Texts that must not travel hold "HIDE-", those that may "KEEP-". */
#ifndef CARRIERS_H
#define CARRIERS_H
#include "picture/bytes.h"

typedef enum { EXIF_II, EXIF_MM, THUMBNAIL, XMP_8, XMP_16LE, XMP_16BE, XMP_MORE, IPTC, PHOTOSHOP, PROFILE, TEXTS, CARRIERS } carrier;
typedef enum { IN_JPEG, IN_PNG, IN_WEBP, IN_TIFF, IN_GIF, FORMATS } format;

/* The block itself: EXIF without "Exif\0\0", a packet, IPTC records, Photoshop's resources, a
 * profile. */
void make_block(carrier c, fv_bytes *to);
/* A file of format f that holds it; base: a picture of that format, encoded (not for TIFF and GIF,
 * which are made here). false: the format has no place for it. */
bool make_file(carrier c, format f, const uint8_t *base, size_t bytes, fv_bytes *to);
#endif
