/* SPDX-License-Identifier: Apache-2.0 */
/* A collection of pictures as check-data saw it (check_data.c), what it prints of it
 * (check_data_print.c) and what it advises (check_data_advice.c). */
#ifndef FV_CHECK_DATA_H
#define FV_CHECK_DATA_H
#include "base/file.h"
#include "cli/cli.h"
#include "eval/inspect.h"

typedef struct {
	const char *path;               /* borrowed from its folder's list */
	int set, folder;                /* which of `set`; which of its folders, 0: itself */
	fv_status status;               /* FV_OK: `look` is filled */
	char *reason;                   /* why not, or why only in part; else NULL */
	const char *format;
	fv_inspection look;
	int twin;                       /* the first picture that this one repeats; -1: none */
} fv_checked;

typedef struct {
	const char *path;
	fv_names names;
	int readable;
} fv_check_folder;

typedef struct {
	char *path;
	fv_status status;
	char reason[sizeof ((fv_err *)0)->text];
	int64_t count, height, width, repeated; /* repeated: equal to an earlier one */
} fv_check_idx;

#define FV_CHECK_OTHERS 12
typedef struct {
	const char *path;
	fv_check_folder *folder;        /* itself, then those in it that hold pictures */
	fv_names inner;                 /* their paths */
	int folders;
	fv_check_idx *idx;
	int idxs, labels;               /* labels: idx files of them */
	struct { char ending[16]; int count; } other[FV_CHECK_OTHERS];
	int others, more_others, deeper;        /* deeper: folders in folders, which nobody reads */
	int first, count, readable;     /* its pictures among all */
	int pairs;                      /* twice as wide as high */
} fv_check_set;

typedef struct { int a, b; fv_twins how; } fv_check_twins;
#define FV_CHECK_TWINS 1000             /* that are named */

typedef struct {
	fv_check_set *set;
	int sets;
	fv_checked *picture;
	int count, readable;
	fv_check_twins *twins;
	int twin_count, twins_named, repeated;
	double seconds;
} fv_check;

typedef struct {
	char command[3000];             /* empty: nothing here can be learnt from */
	char reason[400];
} fv_advice;
void fv_check_advise(const fv_check *c, fv_advice *out);

void fv_check_print(fv_cli *cli, const fv_check *c);
fv_status fv_check_print_json(fv_err *err, const fv_check *c);

/* The value that `share` of a set's readable pictures do not exceed. */
typedef int64_t (*fv_check_measure)(const fv_inspection *i);
int64_t fv_check_quantile(const fv_check *c, const fv_check_set *s, fv_check_measure of,
                          double share);
int64_t fv_longer_side(const fv_inspection *i);
int64_t fv_shorter_side(const fv_inspection *i);
/* Folders of classes: two or more, not the parts of a training (train, test, ...). */
bool fv_check_classes(const fv_check_set *s);
bool fv_check_paired(const fv_check_set *s);            /* A|B */
/* How many names without ending two sets share. */
int fv_check_shared(const fv_check *c, const fv_check_set *a, const fv_check_set *b);
#endif
