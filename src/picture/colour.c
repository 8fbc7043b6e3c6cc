/* SPDX-License-Identifier: Apache-2.0 */
/* Colours: whatever a file holds to sRGB of 8 or 16 bits, and back into the profile of an RGB
 * original. */
#include "picture/internal.h"
#include "base/base.h"

VipsImage *fv_next(VipsImage *old, VipsImage **new, int failed)
{
	VipsImage *made = new ? *new : NULL;
	if (new)
		*new = NULL;
	if (old)
		g_object_unref(old);
	if (failed && made)
		g_object_unref(made);
	return failed ? NULL : made;
}

/* A profile belongs to the picture when its space has as many channels: bytes 16-19 name the space,
 * 36-39 say "acsp". */
static bool fits(const uint8_t *profile, size_t bytes, int colours)
{
	if (bytes < 128 || memcmp(profile + 36, "acsp", 4))
		return false;
	const uint8_t *space = profile + 16;
	return (colours == 3 && !memcmp(space, "RGB ", 4)) ||
	       (colours == 1 && !memcmp(space, "GRAY", 4)) ||
	       (colours == 4 && !memcmp(space, "CMYK", 4));
}

static void attach(VipsImage *im, const fv_bytes *profile)
{
	vips_image_set_blob_copy(im, VIPS_META_ICC_NAME, profile->data, profile->bytes);
}

/* Most profiles in the world are some maker's sRGB: told by what it does to a cube of colours. Such
 * pictures are taken as they are: converting would cost time and a bit of depth, both ways. */
static bool is_srgb(const fv_bytes *profile)
{
	enum { STEPS = 6, COUNT = STEPS * STEPS * STEPS };
	uint8_t cube[COUNT][3];
	for (int i = 0; i < COUNT; i++)
		for (int k = 0, j = i; k < 3; k++, j /= STEPS)
			cube[i][k] = (uint8_t)(j % STEPS * 255 / (STEPS - 1));
	VipsImage *raw = vips_image_new_from_memory(cube, sizeof cube, COUNT, 1, 3,
	                                            VIPS_FORMAT_UCHAR),
		  *im = NULL, *out = NULL;
	im = fv_next(raw, &im,
	             !raw || vips_copy(raw, &im, "interpretation", VIPS_INTERPRETATION_sRGB, NULL));
	if (!im)
		return false;
	attach(im, profile);
	out = fv_next(im, &out,
	              vips_icc_transform(im, &out, "srgb", "embedded", TRUE, "intent",
	                                 VIPS_INTENT_RELATIVE, "depth", 8, NULL));
	size_t bytes;
	uint8_t *got = out ? vips_image_write_to_memory(out, &bytes) : NULL;
	bool same = got && bytes == sizeof cube;
	for (int i = 0; same && i < 3 * COUNT; i++)
		same = abs(got[i] - cube[i / 3][i % 3]) <= 1;
	g_free(got);
	if (out)
		g_object_unref(out);
	return same;
}

/* Converts numbers of any kind to 8 or 16 bits. */
static VipsImage *to_integers(VipsImage *im)
{
	VipsImage *out = NULL;
	switch (im->BandFmt) {
	case VIPS_FORMAT_UCHAR:
	case VIPS_FORMAT_USHORT: return im;
	case VIPS_FORMAT_FLOAT:
	case VIPS_FORMAT_DOUBLE:
		/* 0 to 1, whatever they call themselves; NaN becomes 0 by the cast. */
		im = fv_next(im, &out, vips_linear1(im, &out, 65535, 0.5, NULL));
		break;
	case VIPS_FORMAT_INT:
	case VIPS_FORMAT_UINT:
		im = fv_next(im, &out, vips_cast(im, &out, VIPS_FORMAT_USHORT, "shift", TRUE, NULL));
		break;
	default: break;
	}
	im = im ? fv_next(im, &out,
	                  vips_cast(im, &out,
	                            im->BandFmt == VIPS_FORMAT_CHAR ? VIPS_FORMAT_UCHAR
	                                                            : VIPS_FORMAT_USHORT,
	                            NULL))
	        : NULL;
	bool wide = im && im->BandFmt == VIPS_FORMAT_USHORT;
	return im ? fv_next(im, &out,
	                    vips_copy(im, &out, "interpretation",
	                              im->Bands < 3 ? wide ? VIPS_INTERPRETATION_GREY16
	                                                   : VIPS_INTERPRETATION_B_W
	                              : wide        ? VIPS_INTERPRETATION_RGB16
	                                            : VIPS_INTERPRETATION_sRGB,
	                              NULL))
	          : NULL;
}

/* Converts the colours and leaves alpha as it is. */
static VipsImage *curve(VipsImage *im, double exponent)
{
	VipsImage *colour = NULL, *alpha = NULL, *out = NULL;
	int failed = vips_extract_band(im, &colour, 0, "n", 3, NULL);
	VipsImage *curved = NULL;
	colour = fv_next(colour, &curved,
	                 failed || vips_gamma(colour, &curved, "exponent", 1 / exponent, NULL));
	if (im->Bands < 4 || !colour)
		return fv_next(im, &colour, !colour);
	failed = vips_extract_band(im, &alpha, 3, NULL);
	failed = failed || vips_bandjoin2(colour, alpha, &out, NULL);
	g_object_unref(colour);
	if (alpha)
		g_object_unref(alpha);
	return fv_next(im, &out, failed);
}

static VipsImage *through_profile(VipsImage *im, fv_picture *p, int colours, fv_err *warning,
                                  const char *path)
{
	const void *blob;
	size_t bytes;
	bool cmyk = im->Type == VIPS_INTERPRETATION_CMYK, profile = false;
	VipsImage *out = NULL;
	if (vips_image_get_typeof(im, VIPS_META_ICC_NAME) &&
	    !vips_image_get_blob(im, VIPS_META_ICC_NAME, &blob, &bytes)) {
		profile = fits(blob, bytes, colours);
		if (!profile)
			fv_fail(warning, FV_E_FORMAT,
			        "%s: its colour profile is damaged or for other colours, and was "
			        "ignored",
			        path);
		else if (colours == 3)
			fv_bytes_put(&p->profile, blob, bytes);
	}
	if (profile && colours == 3 && is_srgb(&p->profile))
		return im;
	if (!profile && !cmyk)
		return im;
	if (vips_icc_transform(im, &out, "srgb", "embedded", profile, "input_profile",
	                       cmyk ? "cmyk" : "srgb", "intent", VIPS_INTENT_RELATIVE, "depth",
	                       im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8, NULL)) {
		vips_error_clear();
		fv_bytes_free(&p->profile);
		fv_fail(warning, FV_E_FORMAT,
		        "%s: its colour profile cannot be used, and was ignored", path);
		return im;
	}
	p->into_profile = p->profile.bytes;
	return fv_next(im, &out, 0);
}

VipsImage *fv_colour_in(VipsImage *im, fv_picture *p, double exponent, fv_err *warning,
                        const char *path)
{
	VipsImage *out = NULL;
	if (!im)
		return NULL;
	/* Lab and its kin are colours of their own; the rest are numbers to be seen as RGB, grey or
	 * CMYK. */
	bool lab = im->Type == VIPS_INTERPRETATION_LAB || im->Type == VIPS_INTERPRETATION_LABS ||
	           im->Type == VIPS_INTERPRETATION_LABQ || im->Type == VIPS_INTERPRETATION_XYZ;
	if (!lab) {
		int colours = im->Bands - vips_image_hasalpha(im);
		if (im->Type == VIPS_INTERPRETATION_MULTIBAND)
			colours = im->Bands < 3 ? 1 : 3;
		im = to_integers(im);
		if (im && im->Type == VIPS_INTERPRETATION_MULTIBAND) {
			bool wide = im->BandFmt == VIPS_FORMAT_USHORT;
			im = fv_next(im, &out,
			             vips_copy(im, &out, "interpretation",
			                       colours == 1 ? wide ? VIPS_INTERPRETATION_GREY16
			                                           : VIPS_INTERPRETATION_B_W
			                       : wide       ? VIPS_INTERPRETATION_RGB16
			                                    : VIPS_INTERPRETATION_sRGB,
			                       NULL));
		}
		im = im ? through_profile(im, p, colours, warning, path) : NULL;
	}
	if (!im)
		return NULL;
	bool wide = lab || im->BandFmt == VIPS_FORMAT_USHORT;
	im = fv_next(im, &out,
	             vips_colourspace(im, &out,
	                              wide ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB,
	                              NULL));
	if (im && im->Bands > 4)
		im = fv_next(im, &out, vips_extract_band(im, &out, 0, "n", 4, NULL));
	if (im && im->Bands < 3) {
		vips_error("colours", "%d channels are neither grey nor RGB", im->Bands);
		return fv_next(im, NULL, 1);
	}
	return im && exponent != 1 && !p->profile.bytes ? curve(im, exponent) : im;
}

/* By way of Lab as lcms means it (D50, Bradford): vips_colourspace's Lab is of D65, and blues would
 * drift. */
VipsImage *fv_colour_out(VipsImage *im, const fv_picture *p)
{
	VipsImage *lab = NULL, *out = NULL;
	if (!p->into_profile)
		return im;
	if (vips_icc_import(im, &lab, "input_profile", "srgb", "embedded", FALSE, "intent",
	                    VIPS_INTENT_RELATIVE, "pcs", VIPS_PCS_LAB, NULL))
		return im;
	attach(lab, &p->profile);
	int failed = vips_icc_export(lab, &out, "depth", p->pixels.bits, "intent",
	                             VIPS_INTENT_RELATIVE, NULL);
	g_object_unref(lab);
	return failed ? im : fv_next(im, &out, 0);
}
