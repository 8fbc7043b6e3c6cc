/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel runs an operation: the one whose cost model expects the fewest seconds. Where others are within a margin of it a painter
 * may time them, once (autotuning); the fastest is kept in a small file. Training never does, since a run that goes on must take the
 * same kernels. */
#include "base/file.h"
#include "base/memory.h"
#include "base/hash.h"
#include "device/cpu/plan.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MARGIN 1.3                      /* a kernel that is expected to take so many times the least may be the fastest */
#define SHORT 1e-4                      /* seconds: below, it does not matter which kernel is taken */
#define MOST 4096                       /* choices that are kept */
#define PICTURE 4096                    /* places of what is one, and no kernel's weights */
#define LINE 100                        /* characters of a choice's line */

struct fv_choices {
	bool fresh;                     /* the file lacks some of them */
	int count;
	struct { uint64_t key; const fv_kernel *kernel; } list[MOST];
};

static fv_cpu *cpu_of(const fv_context *c) { return (fv_cpu *)c->device; }

/* May k run n in this context? Then w is its work. */
static bool allowed(const fv_context *c, const fv_node *n, const fv_kernel *k, fv_work *w)
{
	return k->op == n->op && (k->needs & c->isa) == k->needs && (c->bf16 || !fv_kernel_rounds(k)) &&
	       !(c->exact && !strncmp(k->name, "winograd", 8)) && !fv_kernel_plan(k, n, c->threads, w);
}

double fv_kernel_seconds(const fv_node *n, const fv_work *w) { return w->seconds > 0 ? w->seconds : fv_time_streaming(n); }

const fv_kernel *fv_kernel_choose(const fv_context *c, const fv_node *n)
{
	const fv_kernel *best = NULL;
	double least = 0;
	fv_work w;
	for (const fv_kernel *const *k = fv_kernels; *k; k++) {
		if (!allowed(c, n, *k, &w))
			continue;
		double s = fv_kernel_seconds(n, &w);
		/* Where two expect the same, the wider instruction set is taken. */
		if (!best || s < least || (s == least && (*k)->needs > best->needs))
			best = *k, least = s;
	}
	return best;
}

/* A picture's height and width count by their area's power of two only: the fastest kernel stays
 * so, and a folder of photographs, each of its own size, is not timed over and over. */
static uint64_t mix_shape(uint64_t h, const fv_shape *s)
{
	const int64_t area = s->h * s->w;
	if (area < PICTURE)
		return fv_hash_mix(h, s->d, sizeof s->d);
	const int64_t about[] = { s->n, s->c, (int64_t)round(log2((double)area)) };
	return fv_hash_mix(h, about, sizeof about);
}

/* All that a kernel's time depends on, but for the processor, which the file's first line names, and the number of threads, on which
 * bits must not depend. */
static uint64_t key_of(const fv_context *c, const fv_node *n)
{
	uint64_t h = fv_hash_mix(FV_HASH, n->op->name, strlen(n->op->name));
	h = fv_hash_mix(h, &n->attr, sizeof n->attr);
	for (int i = 0; i < n->inputs; i++)
		h = n->in[i] ? mix_shape(h, &n->in[i]->shape) : fv_hash_mix(h, "", 1);
	const uint64_t about[] = { c->isa, c->bf16, c->exact };
	return fv_hash_mix(h, about, sizeof about);
}

static void header(char *text, size_t room)
{
	char processor[80] = "";
	fv_field("/proc/cpuinfo", "model name", processor, sizeof processor);
	snprintf(text, room, "fauve %s kernels on %s\n", fv_version(), processor);
}

/* Is k expected to take about the `least` seconds? A kernel without a model never is. w becomes k's work. */
static bool within_margin(const fv_context *c, const fv_node *n, const fv_kernel *k, double least, fv_work *w)
{
	return allowed(c, n, k, w) && w->seconds > 0 && w->seconds <= MARGIN * least;
}

/* Reads a line as fv_choices_keep() writes it; false: it is none, or names no kernel. */
static bool understand(const char *line, size_t length, uint64_t *key, const fv_kernel **kernel)
{
	char name[LINE], again[LINE + 32];
	if (length >= LINE || memchr(line, 0, length))
		return false;
	snprintf(again, sizeof again, "%.*s", (int)length, line);
	if (sscanf(again, "%16" SCNx64 " %99s", key, name) != 2)
		return false;
	snprintf(again, sizeof again, "%016" PRIx64 " %s", *key, name);
	if (strlen(again) != length || memcmp(again, line, length))
		return false;
	for (const fv_kernel *const *k = fv_kernels; *k; k++)
		if (!strcmp((*k)->name, name)) {
			*kernel = *k;
			return true;
		}
	return false;
}

/* What the file holds. A file of another version or machine, or none, holds nothing, and lines that are none of ours are left out.
 * Whether a kernel fits is asked when it is taken. NULL: there is no memory. */
static struct fv_choices *choices(fv_context *c)
{
	char mine[LINE + 100];
	void *data = NULL;
	size_t bytes = 0;
	struct fv_choices *all = cpu_of(c)->choices;
	if (all || !(all = cpu_of(c)->choices = fv_alloc(c, sizeof *all)))
		return all;
	header(mine, sizeof mine);
	if (fv_file_read(NULL, c, c->cache, 0, MOST * LINE + sizeof mine, &data, &bytes))
		return all;
	const char *at = data, *end = at + bytes, *newline;
	bool known = bytes >= strlen(mine) && !memcmp(at, mine, strlen(mine));
	for (at += known ? strlen(mine) : bytes; (newline = memchr(at, '\n', (size_t)(end - at))) && all->count < MOST; at = newline + 1) {
		uint64_t key;
		const fv_kernel *kernel;
		if (!understand(at, (size_t)(newline - at), &key, &kernel))
			continue;
		all->list[all->count].key = key;
		all->list[all->count++].kernel = kernel;
	}
	fv_free(c, data);
	return all;
}

/* Bytes that timing n takes. */
static double timing(const fv_node *n, const fv_work *w)
{
	double bytes = (double)fv_kernel_room(w);
	for (int i = 0; i < n->inputs; i++)
		if (n->in[i])
			bytes += (double)fv_tensor_bytes(n->in[i]->type, n->in[i]->shape);
	for (int i = 0; i < n->outputs; i++)
		bytes += (double)fv_tensor_bytes(i ? n->type1 : n->type, i ? n->shape1 : n->shape);
	return bytes;
}

/* What is kept of n, or the clock's word; best: the cost model's, which expects `least` seconds. The lock is held: what is timed by one
 * thread is timed once. */
static const fv_kernel *ask(fv_context *c, struct fv_choices *all, const fv_node *n, int64_t most, const fv_kernel *best, double least)
{
	double fastest = INFINITY;
	fv_work w;
	uint64_t key = key_of(c, n);
	/* Only what might have been timed is taken, since a file may say what it likes. */
	for (int i = 0; i < all->count; i++)
		if (all->list[i].key == key && within_margin(c, n, all->list[i].kernel, least, &w))
			return all->list[i].kernel;
	for (const fv_kernel *const *k = fv_kernels; *k; k++) {
		double s;
		if (!within_margin(c, n, *k, least, &w) || (most && timing(n, &w) > (double)most) || fv_kernel_time(NULL, c, *k, n, 3, 0, &s) || s >= fastest)
			continue;
		fastest = s;
		best = *k;
	}
	if (all->count < MOST && fastest < INFINITY) {
		all->list[all->count].key = key;
		all->list[all->count++].kernel = best;
		all->fresh = true;
	}
	return best;
}

const fv_kernel *fv_kernel_autotune(fv_context *c, const fv_node *n, int64_t most)
{
	const fv_kernel *best = fv_kernel_choose(c, n);
	double least = 0;
	fv_work w;
	int close = 0;
	if (best) {
		fv_kernel_plan(best, n, c->threads, &w);
		least = w.seconds;
	}
	for (const fv_kernel *const *k = fv_kernels; least > 0 && *k; k++)
		close += within_margin(c, n, *k, least, &w);
	if (!c->cache || n->type != FV_F32 || close < 2 || least < SHORT)
		return best;
	pthread_mutex_lock(&cpu_of(c)->lock);
	struct fv_choices *all = choices(c);
	if (all)
		best = ask(c, all, n, most, best, least);
	pthread_mutex_unlock(&cpu_of(c)->lock);
	return best;
}

static fv_status keep(fv_err *err, fv_context *c, struct fv_choices *all)
{
	fv_writer *w;
	char text[4096];
	all->fresh = false;                             /* it is written once, whether that succeeds or not */
	snprintf(text, sizeof text, "%s", c->cache);
	char *slash = strrchr(text, '/');
	fv_status st = FV_OK;
	if (slash && slash > text) {
		*slash = 0;
		st = fv_folder_make(err, text);
	}
	if (!st && !(st = fv_writer_open(err, c, c->cache, &w))) {
		header(text, sizeof text);
		st = fv_writer_put(err, w, text, strlen(text));
		for (int i = 0; i < all->count && !st; i++) {
			int length = snprintf(text, sizeof text, "%016" PRIx64 " %s\n", all->list[i].key, all->list[i].kernel->name);
			st = fv_writer_put(err, w, text, (size_t)length);
		}
		if (st)
			fv_writer_abort(w);
		else
			st = fv_writer_commit(err, w);
	}
	return st;
}

void fv_choices_keep(fv_context *c)
{
	fv_err err;
	pthread_mutex_lock(&cpu_of(c)->lock);
	struct fv_choices *all = cpu_of(c)->choices;
	fv_status st = all && all->fresh ? keep(&err, c, all) : FV_OK;
	pthread_mutex_unlock(&cpu_of(c)->lock);
	if (st)
		fv_log(c, FV_LOG_DEBUG, "which kernels were fastest is not kept: %s", err.text);
}
