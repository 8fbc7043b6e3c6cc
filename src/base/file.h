/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads under a limit; writes that are seen complete or not at all. */
#ifndef FV_FILE_H
#define FV_FILE_H
#include "base/base.h"
#include "base/kinds.h"

/* The one way to open what somebody else may have put there: regular files only, so that nothing is
 * waited for; closed at exec. *bytes (or NULL): its size. Yours to close.
 *	FV_OPEN_MEMBER	of a run's folder, which may come from a stranger: no link is followed
 *	FV_OPEN_WRITE	to read, and to write at its end; made when missing. Not a file with a second
 *			name (a hard link): what is cut or added here would be so there
 * FV_E_READ; FV_E_WRITE when it cannot be written, and for a member that is no plain file. */
enum { FV_OPEN_MEMBER = 1, FV_OPEN_WRITE = 2 };
fv_status fv_file_open(fv_err *err, const char *path, unsigned how, int *fd, size_t *bytes);
/* Up to *bytes from the beginning of an open file; *bytes: how many there were. cancelled, or NULL,
 * is asked between pieces. FV_E_READ, FV_E_CANCELLED. */
fv_status fv_file_fill(fv_err *err, const char *path, int fd, void *data, size_t *bytes,
                       bool (*cancelled)(void *user), void *user);
/* A new file in the folder of `beside` that nobody else can open, gone when it is closed; -1 and
 * errno: none. */
int fv_file_nameless(const char *beside);
/* Standard input as a file: itself where it is one, else a copy of at most max_bytes, in memory, or
 * without a name on the disk of `beside`. name: what it is called. Yours to close. FV_E_READ,
 * FV_E_LIMIT, FV_E_MEMORY, FV_E_WRITE, FV_E_CANCELLED. */
fv_status fv_file_input(fv_err *err, const char *name, const char *beside, size_t max_bytes,
                        bool (*cancelled)(void *user), void *user, int *fd, size_t *bytes);
/* A hash (hash.h) of a plain file's bytes. */
fv_status fv_file_hash(fv_err *err, const char *path, uint64_t *hash);
/* Is a member there, and as plain as fv_file_open wants it? For what is opened by others. */
fv_status fv_file_member(fv_err *err, const char *path, bool folder, bool *there);

/* The whole file; data is yours (fv_free). FV_E_READ, FV_E_LIMIT (over max_bytes), FV_E_MEMORY, and
 * for a member FV_E_WRITE. how: 0 or FV_OPEN_MEMBER. */
fv_status fv_file_read(fv_err *err, fv_context *c, const char *path, unsigned how, size_t max_bytes,
                       void **data, size_t *bytes);

/* The same, to look at only, without a copy of it; give it back with fv_file_unmap. For what is
 * read at once: a file that somebody cuts short meanwhile kills the program, as all mapped files
 * do; files that are replaced by renaming are safe. */
fv_status fv_file_map(fv_err *err, const char *path, size_t max_bytes, const void **data,
                      size_t *bytes);
void fv_file_unmap(const void *data, size_t bytes);

/* A file written aside, in the same folder, and renamed when whole: fsync, rename, fsync of the
 * folder. Whatever stood under the name stays as it was until then; the new file has its mode, and
 * its owner where we may give it away. A link, a pipe or a device under the name is refused: which
 * file would be meant is not for us to guess. abort removes what was written; it takes NULL.
 *
 * The file aside is locked (flock) as long as it is written. What a killed run of ours left is not:
 * the next writer in that folder removes it. */
typedef struct fv_writer fv_writer;
fv_status fv_writer_open(fv_err *err, fv_context *c, const char *path, fv_writer **out);
/* Could it be written there? For before the work: nothing is left behind. */
fv_status fv_writer_check(fv_err *err, fv_context *c, const char *path);
void fv_writer_keep_time(fv_writer *w);         /* of a file that is replaced */
const char *fv_writer_path(const fv_writer *w);                 /* the name aside */
int fv_writer_file(const fv_writer *w, uint64_t *hash);         /* open; hash of what was put */
fv_status fv_writer_put(fv_err *err, fv_writer *w, const void *data, size_t bytes);
fv_status fv_writer_commit(fv_err *err, fv_writer *w);          /* frees w, on failure too */
void fv_writer_abort(fv_writer *w);
void fv_writer_sweep(const char *folder);                       /* what killed runs left there */

/* After a call that failed: FV_E_WRITE, with errno in words and what to do. */
fv_status fv_fail_write(fv_err *err, const char *path);
/* The path as a shell reads it back; returns text. */
const char *fv_shell_quote(const char *path, char *text, size_t room);

/* It and all that is in it; links are not followed. What cannot be removed stays. */
void fv_folder_remove(const char *path);
fv_status fv_folder_make(fv_err *err, const char *path);        /* with its parents; no error
                                                                 * when it is there */
bool fv_is_folder(const char *path);

/* The pictures of a folder in the order of their names: files that are named like one or begin like
 * one (kinds.h); not hidden ones. Or a picture: itself. out: yours, fv_names_free.
 * left: files in it that people take for pictures and fauve does not read, in words, or NULL.
 * folders: how many stand in it. fv_names_tell says both, for whom they mean nothing. */
typedef struct { char **path; int count, folders; char *left; } fv_names;
fv_status fv_folder_list(fv_err *err, const char *folder, fv_names *out);
/* Its folders by name; not hidden ones. */
fv_status fv_folder_folders(fv_err *err, const char *folder, fv_names *out);
void fv_names_tell(const fv_context *c, const char *folder, const fv_names *n);
void fv_names_free(fv_names *n);
#define FV_PICTURES_READ "JPEG, PNG, WebP, TIFF, GIF, HEIF, AVIF"       /* for messages */
#endif
