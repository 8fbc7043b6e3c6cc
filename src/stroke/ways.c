/* SPDX-License-Identifier: Apache-2.0 */
#include "stroke/way.h"

const fv_stroke_way *const fv_stroke_ways[] = {
	&fv_stroke_plain_field, &fv_stroke_plain_trace, NULL,
};
