/* SPDX-License-Identifier: Apache-2.0 */
/* All measures of one set of pictures. */
#include "eval/eval.h"
#include <math.h>

fv_status fv_eval_report(fv_err *err, fv_context *c, const fv_image *outs, const fv_image *natives, const fv_image *ins, const fv_image *native_ins,
                         int n, const fv_image *art, int art_count, fv_report *out)
{
	fv_report r = { .n = n, .ssim = NAN, .corr = NAN };
	fv_status st = fv_eval_swd(err, c, outs, n, art, art_count, &r.swd);
	if (!st)
		st = fv_eval_auc(err, c, outs, n, art, art_count, &r.auc);
	if (!st)
		st = fv_eval_lattice(err, c, natives, n, r.lattice);
	for (int i = 0; i < 3; i++)
		r.lattice_input[i] = NAN;
	if (!st && native_ins)
		st = fv_eval_lattice(err, c, native_ins, n, r.lattice_input);
	r.chroma = fv_eval_chroma(outs, n) / fv_eval_chroma(art, art_count);
	if (ins)
		r.corr = r.ssim = 0;
	for (int i = 0; i < n && ins && !st; i++) {
		double s = 0;
		st = fv_eval_ssim(err, c, native_ins[i], natives[i], &s);
		r.ssim += s / n;
		r.corr += fv_eval_corr(ins[i], outs[i]) / n;
	}
	if (!st)
		*out = r;
	return st;
}
