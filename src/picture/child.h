/* SPDX-License-Identifier: Apache-2.0 */
/* What fauve and the process that decodes for it say to each other.
 *
 *	main				server				worker, one a picture
 *	starts, program FV_CHILD_WORD >	loads libvips
 *			  greeting <	waits
 *	request, 3 descriptors >	forks >				confines itself
 *	   (file, memory, socket)					reads the header
 *			  size <----------------------------------------
 *	size of the memory, answer >------------------------------------> decodes into it
 *			  result, blobs <--------------------------------
 *
 * The server sees no byte of a picture, so no picture sees another. Main believes nothing that a
 * worker says (child.c). */
#ifndef FV_PICTURE_CHILD_H
#define FV_PICTURE_CHILD_H
#include "picture/internal.h"

enum { FV_CHILD_FD = 3 };               /* the server's socket */
enum { FV_CHILD_MAGIC = 0x66766331 };
enum { FV_CHILD_SIZE = 1, FV_CHILD_RESULT };
enum {
	FV_BLOB_PROFILE,
	FV_BLOB_EXIF,
	FV_BLOB_XMP,
	FV_BLOB_IPTC,
	FV_BLOB_ABOUT,
	FV_BLOB_DELAYS,
	FV_BLOB_TEXTS,
	FV_BLOBS
};

#define FV_CHILD_CPU 120                /* seconds that a picture may take of a processor */
#define FV_CHILD_WAIT 300               /* and of the clock */
#define FV_CHILD_PIXEL 8                /* bytes at most: four channels of 16 bits */

typedef struct { uint32_t magic; int32_t confined; } fv_child_greeting;

typedef struct {
	uint32_t magic;
	int32_t format;
	char format_name[16];
	uint64_t bytes;
	int64_t max_pixels, flat_pixels, memory, longest;
	int32_t all, facts, bare_tried, page;
} fv_child_request;

typedef struct {
	uint32_t magic;
	int32_t kind;
	int64_t width, height, decoding;
	int32_t channels, bits;
	/* of a result */
	int32_t status, warned, into_profile, pages, loop, left;
	double resolution[2];
	uint64_t blob[FV_BLOBS];
	char text[1000], warning[1000];         /* what follows the picture's name */
} fv_child_record;

/* confine.c: from now on this process can compute, take memory, start threads, read and write what
 * is open: no files, no network, no other programs. False: it cannot be had. */
bool fv_confine(void);
bool fv_confine_possible(void);
#endif
