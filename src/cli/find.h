/* SPDX-License-Identifier: Apache-2.0 */
/* The models that have a name. fv_style_find is in cli.h. */
#ifndef FV_FIND_H
#define FV_FIND_H
#include "cli/cli.h"

#define FV_RUN_MODEL "model.safetensors" /* in a run's folder (train.h) */

typedef struct {
	char name[200], path[FV_PATH_MAX];
} fv_style_file;

typedef struct {
	fv_style_file *item;            /* by name; the first folder that has a name wins */
	int count;
} fv_style_list;

/* The i-th folder that is searched; empty when it does not apply. False after the last. */
bool fv_style_folder(int i, char *path, size_t room);
/* A feature network's file: name as a path, else NAME.safetensors in the folders `features` beside
 * those of the styles: the user's data folder, those shipped. FV_E_READ. */
fv_status fv_features_find(fv_err *err, const char *name, char *path, size_t room);
/* ~/.local/share/fauve or what is in its place: the user's styles/ and runs/ are there. Empty when
 * there is no home. */
void fv_user_folder(char *path, size_t room);
/* Where a style of the user's own by that name belongs. FV_E_ARGUMENT: no name to give to a style,
 * or one by which another model is found before it or without it. */
fv_status fv_style_place(fv_err *err, const char *name, char *path, size_t room);
fv_status fv_style_list_new(fv_err *err, fv_style_list *out);
void fv_style_list_free(fv_style_list *l);
/* The folder of photographs that came with fauve; empty when it is not there. */
void fv_photos_folder(char *path, size_t room);
#endif
