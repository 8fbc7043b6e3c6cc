/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads under a limit; writes that are seen complete or not at all. */
#ifndef FV_FILE_H
#define FV_FILE_H
#include "base/base.h"

/* The whole file; data is yours (fv_free). FV_E_READ, FV_E_LIMIT (over max_bytes), FV_E_MEMORY. */
fv_status fv_file_read(fv_err *err, fv_context *c, const char *path, size_t max_bytes, void **data, size_t *bytes);

/* The same, to look at only, without a copy of it; give it back with fv_file_unmap. For what is read at once: a file that somebody
 * cuts short meanwhile kills the program, as all mapped files do; files that are replaced by renaming are safe. */
fv_status fv_file_map(fv_err *err, const char *path, size_t max_bytes, const void **data, size_t *bytes);
void fv_file_unmap(const void *data, size_t bytes);

/* A file written aside, in the same folder, and renamed when whole: fsync, rename, fsync of the folder. Whatever
 * stood under the name stays as it was until then. abort removes what was written; it takes NULL. */
typedef struct fv_writer fv_writer;
#define FV_WRITER_ASIDE ".fauve-"                               /* how the names aside begin */
fv_status fv_writer_open(fv_err *err, fv_context *c, const char *path, fv_writer **out);
const char *fv_writer_path(const fv_writer *w);                 /* the name aside, for libraries that write by name */
fv_status fv_writer_put(fv_err *err, fv_writer *w, const void *data, size_t bytes);
fv_status fv_writer_commit(fv_err *err, fv_writer *w);          /* frees w, on failure too */
void fv_writer_abort(fv_writer *w);

/* After a call that failed: FV_E_WRITE, with errno in words and what to do. */
fv_status fv_fail_write(fv_err *err, const char *path);
/* The path as a shell reads it back; returns text. */
const char *fv_shell_quote(const char *path, char *text, size_t room);

fv_status fv_folder_make(fv_err *err, const char *path);        /* with its parents; no error when it is there */
bool fv_is_folder(const char *path);
#endif
