/* SPDX-License-Identifier: Apache-2.0 */
/* Options in a run's run.json. They are read by the command's own table, so that their types and
 * ranges are those of the command line: a run's folder may come from a stranger.
 *
 * A run's folder is handed on, so it says nothing of its owner. A path stands there as seen from the
 * folder ("./x", "../../photos"), as "~/x" where it is at home and the folder is not, and with $USER for
 * a folder of the user's name; so it still holds when the run and its pictures are moved together. What
 * is no path (the name of a feature network), and the whole paths of an early fauve, stand as they are. */
#ifndef FV_STORED_H
#define FV_STORED_H
#include "cli/cli.h"

/* Those options that have a value, into j. names: ended by NULL. False: a path is no UTF-8, or no memory. */
bool fv_stored_write(json_t *j, const fv_option *table, const char *const *names, const void *options,
                     const char *run);
/* The other way; file: the run.json, run: its folder. A path that options has already stays. Texts live
 * in a. FV_E_FORMAT. */
fv_status fv_stored_read(fv_err *err, fv_arena *a, const json_t *j, const fv_option *table,
                         const char *const *names, const char *file, const char *run, void *options);
#endif
