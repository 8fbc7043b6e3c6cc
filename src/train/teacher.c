/* SPDX-License-Identifier: Apache-2.0 */
/* The frozen network that teaches a run. */
#include "train/run.h"

fv_status fv_run_teacher(fv_err *err, const fv_run *r, const char *name, fv_model **out)
{
	char path[FV_PATH_MAX];
	fv_model *m = NULL;
	fv_status st = fv_run_place(err, r, "features", name, path, sizeof path);
	if (st || (st = fv_model_open(err, r->context, path, &m)))
		return st;
	if (m->family != &fv_family_vgg) {
		st = fv_fail(err, FV_E_ARGUMENT,
		             "%s: is a model of family %s and cannot teach; give a feature "
		             "network, such as vgg16",
		             path, m->family->name);
		fv_model_free(m);
		return st;
	}
	*out = m;
	return FV_OK;
}
