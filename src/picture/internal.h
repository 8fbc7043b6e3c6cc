/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_PICTURE_INTERNAL_H
#define FV_PICTURE_INTERNAL_H
#include "picture/picture.h"
#include <vips/vips.h>

struct fv_picture {
	fv_pixels pixels;
	VipsImage *header;              /* the file's own: metadata are read from it when writing */
	void *file;                     /* the bytes that header points into */
	bool rgb_profile;               /* it came with a profile for RGB: pixels go back into it */
	bool keep_location;
};
/* NULL when a JPEG's or PNG's bytes end as they should, or for another format; else what is wrong (whole.c). */
const char *fv_not_whole(const void *data, size_t bytes);
#endif
