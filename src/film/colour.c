/* SPDX-License-Identifier: Apache-2.0 */
#include "film/colour.h"
#include <libavutil/pixdesc.h>

#define HOW (SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP)

enum AVPixelFormat fv_colour_rgb(int channels, int bits)
{
	if (bits == 8)
		return channels == 4 ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24;
	return channels == 4 ? AV_PIX_FMT_RGBA64 : AV_PIX_FMT_RGB48;
}

static bool jpeg_format(int format)
{
	return format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P ||
	       format == AV_PIX_FMT_YUVJ444P || format == AV_PIX_FMT_YUVJ440P ||
	       format == AV_PIX_FMT_YUVJ411P;
}

int fv_colour_range(const AVFrame *f)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
	if (jpeg_format(f->format) || f->color_range == AVCOL_RANGE_JPEG)
		return AVCOL_RANGE_JPEG;
	if (f->color_range == AVCOL_RANGE_UNSPECIFIED && d && d->nb_components < 3)
		return AVCOL_RANGE_JPEG;        /* grey */
	return AVCOL_RANGE_MPEG;
}

int fv_colour_matrix(int matrix, int64_t shorter)
{
	switch (matrix) {
	case AVCOL_SPC_BT709: return SWS_CS_ITU709;
	case AVCOL_SPC_FCC: return SWS_CS_FCC;
	case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
	case AVCOL_SPC_BT2020_NCL:
	case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
	case AVCOL_SPC_BT470BG:
	case AVCOL_SPC_SMPTE170M: return SWS_CS_ITU601;
	default: return shorter >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
	}
}

static struct SwsContext *matrices(struct SwsContext *s, int from, int from_full, int to,
                                   int to_full)
{
	if (s)
		sws_setColorspaceDetails(s, sws_getCoefficients(from), from_full,
		                         sws_getCoefficients(to), to_full, 0, 1 << 16, 1 << 16);
	return s;
}

struct SwsContext *fv_colour_to_rgb(struct SwsContext *old, const AVFrame *f, int64_t shorter,
                                    int w, int h, enum AVPixelFormat rgb)
{
	const int m = fv_colour_matrix(f->colorspace, shorter);
	struct SwsContext *s = sws_getCachedContext(old, f->width, f->height, f->format, w, h, rgb,
	                                            HOW, NULL, NULL, NULL);
	return matrices(s, m, fv_colour_range(f) == AVCOL_RANGE_JPEG, m, 1);
}

struct SwsContext *fv_colour_from_rgb(struct SwsContext *old, const AVFrame *f, int64_t shorter,
                                      enum AVPixelFormat rgb)
{
	const int m = fv_colour_matrix(f->colorspace, shorter);
	struct SwsContext *s = sws_getCachedContext(old, f->width, f->height, rgb, f->width,
	                                            f->height, f->format, HOW, NULL, NULL, NULL);
	return matrices(s, m, 1, m, fv_colour_range(f) == AVCOL_RANGE_JPEG);
}
