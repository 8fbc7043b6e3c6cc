/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: many pictures. */
#include "cli/apply.h"

/* One after the other; what fails is said and left out. */
fv_status fv_apply_many(fv_err *err, fv_apply *a, const fv_jobs *j)
{
	fv_cli *cli = a->cli;
	int done = 0, failed = 0;
	double begun = fv_now();
	fv_status st = FV_OK;
	for (int i = 0; i < j->count; i++) {
		char text[400];
		snprintf(text, sizeof text, "%d/%d  %s", i + 1, j->count, j->item[i].in);
		fv_progress_show(cli->progress, (double)i / j->count, text);
		fv_err why;
		fv_status one = fv_interrupted() ? FV_E_CANCELLED
		                                 : fv_apply_file(&why, a, &j->item[i], false);
		if (one == FV_E_CANCELLED)
			return fv_fail(err, FV_E_CANCELLED,
			               "interrupted; %d of %d pictures are painted", done,
			               j->count);
		if (one) {
			fv_complain(cli, &why);
			failed++;
			st = one;
		} else
			done++;
	}
	fv_progress_clear(cli->progress);
	if (failed && !done)
		return fv_fail(err, st, "none of %d pictures could be painted", j->count);
	if (failed)
		return fv_fail(err, FV_E_PARTIAL,
		               "%d of %d pictures could not be painted; the others are in %s",
		               failed, j->count, a->o->output);
	fv_say(cli, "%d pictures painted in %.1f s: %s", done, fv_now() - begun, a->o->output);
	return FV_OK;
}
