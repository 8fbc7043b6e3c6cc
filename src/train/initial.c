/* SPDX-License-Identifier: Apache-2.0 */
/* What a run begins with: weights of a file instead of drawn ones (--init), and those that stay as
 * they are (--freeze). */
#include "base/file.h"
#include "model/weights.h"
#include "train/run.h"
#include <stdio.h>

fv_status fv_run_begin_weights(fv_err *err, fv_run *r)
{
	char path[FV_PATH_MAX];
	fv_safetensors f = { 0 };
	const char *init = r->common.init;
	fv_status st = FV_OK;
	r->store->freeze = r->common.freeze.item;
	r->store->freezes = r->common.freeze.count;
	/* A run that goes on has its weights: the file may be gone by now. */
	if (!init || fv_run_has_checkpoint(r))
		return FV_OK;
	snprintf(path, sizeof path, fv_is_folder(init) ? "%s/checkpoint.safetensors" : "%s", init);
	if ((st = fv_store_new(err, r->context, &r->store->initial)) ||
	    (st = fv_safetensors_open(err, r->context, path, &f)))
		return st;
	const fv_recipe_model *m = r->model;
	r->store->initial_prefix = !m->file ? "" : m->learnt ? m->learnt : m->prefix;
	st = fv_weights_make(err, path, &f, !fv_safetensors_text(&f, "fauve.run"),
	                     r->store->initial);
	fv_safetensors_close(&f);
	return st;
}

fv_status fv_run_tell_weights(fv_err *err, fv_run *r)
{
	fv_store *s = r->store;
	const int all = s->begun + s->drawn;
	if (s->initial && !s->begun)
		return fv_fail(err, FV_E_ARGUMENT, "init %s: holds no weight of a name and shape that this "
		               "network has; its family and width must be those of the recipe's options",
		               r->common.init);
	if (s->freezes && !s->frozen)
		return fv_fail(err, FV_E_ARGUMENT, "freeze '%s': no weight of the recipe '%s' has such a "
		               "name; all of the generator are 'G*'", s->freeze[0],
		               r->recipe->name);
	if (s->initial)
		fv_run_say(r, "weights: %d of %d begin as in %s", s->begun, all, r->common.init);
	if (s->frozen)
		fv_run_say(r, "weights: %d of %d stay as they are", s->frozen, all);
	fv_store_free(s->initial);
	s->initial = NULL;
	return FV_OK;
}
