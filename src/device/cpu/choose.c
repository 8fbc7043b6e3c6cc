/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel runs an operation: the one whose cost model expects least. Where that is not clear a painter may ask the
 * clock, once; what it said is kept in a small file. Training never does: a run that goes on must take the same kernels. */
#include "base/file.h"
#include "base/memory.h"
#include "base/hash.h"
#include "device/cpu/plan.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNCLEAR 1.3                     /* expected to take so many times the least, a kernel may be the fastest */
#define SHORT 1e-4                      /* seconds: whichever is taken does not matter */
#define MOST 4096                       /* choices kept */
#define LINE 100                        /* characters of one */

struct fv_choices {
	bool fresh;                     /* some are not in the file yet */
	int count;
	struct { uint64_t key; const fv_kernel *kernel; } list[MOST];
};

static fv_cpu *cpu_of(const fv_context *c) { return (fv_cpu *)c->device; }

static bool allowed(const fv_context *c, const fv_node *n, const fv_kernel *k)
{
	const char *why;
	return k->op == n->op && (k->needs & c->isa) == k->needs && k->supports(n, &why) && (c->bf16 || !fv_kernel_rounds(k)) &&
	       !(c->exact && !strncmp(k->name, "winograd", 8));
}

static double expected(const fv_node *n, const fv_kernel *k) { return k->seconds ? k->seconds(n) : fv_time_streaming(n); }

const fv_kernel *fv_kernel_choose(const fv_context *c, const fv_node *n)
{
	const fv_kernel *best = NULL;
	double least = 0;
	for (const fv_kernel *const *k = fv_kernels; *k; k++) {
		if (!allowed(c, n, *k))
			continue;
		double s = expected(n, *k);
		/* Equal hopes: the wider instruction set. */
		if (!best || s < least || (s == least && (*k)->needs > best->needs))
			best = *k, least = s;
	}
	return best;
}

/* All that a kernel's time depends on, but the processor and how many threads there are: bits must not depend on those. */
static uint64_t key_of(const fv_context *c, const fv_node *n)
{
	uint64_t h = fv_hash_mix(FV_HASH, n->op->name, strlen(n->op->name));
	h = fv_hash_mix(h, &n->attr, sizeof n->attr);
	for (int i = 0; i < n->inputs; i++)
		h = n->in[i] ? fv_hash_mix(h, n->in[i]->shape.d, sizeof n->in[i]->shape.d) : fv_hash_mix(h, "", 1);
	const uint64_t about[] = { c->isa, c->bf16, c->exact };
	return fv_hash_mix(h, about, sizeof about);
}

static void header(char *text, size_t room)
{
	char processor[80] = "";
	fv_field("/proc/cpuinfo", "model name", processor, sizeof processor);
	snprintf(text, room, "fauve %s kernels on %s\n", fv_version(), processor);
}

/* May the clock decide between k and what is expected to take `least`? Only where both have a model: what streams has none,
 * and is as fast as memory. */
static bool rival(const fv_context *c, const fv_node *n, const fv_kernel *k, double least)
{
	return k->seconds && allowed(c, n, k) && k->seconds(n) <= UNCLEAR * least;
}

/* A line as fv_choices_keep() writes it, of a kernel that there is; false: anything else. */
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

/* What the file holds; a file of another version or machine, or none, holds nothing, and a line
 * that is none of ours is left out. Whether a kernel fits is asked when it is taken. NULL: no
 * memory. */
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

/* Bytes that timing it takes. */
static double timing(const fv_context *c, const fv_kernel *k, const fv_node *n)
{
	double bytes = (double)fv_kernel_room(k, n, c->threads);
	for (int i = 0; i < n->inputs; i++)
		if (n->in[i])
			bytes += (double)fv_tensor_bytes(n->in[i]->type, n->in[i]->shape);
	for (int i = 0; i < n->outputs; i++)
		bytes += (double)fv_tensor_bytes(i ? n->type1 : n->type, i ? n->shape1 : n->shape);
	return bytes;
}

const fv_kernel *fv_kernel_choose_timed(fv_context *c, const fv_node *n, int64_t most)
{
	const fv_kernel *best = fv_kernel_choose(c, n);
	double least = best ? expected(n, best) : 0, fastest = INFINITY;
	int close = 0;
	for (const fv_kernel *const *k = fv_kernels; best && *k; k++)
		close += best->seconds && rival(c, n, *k, least);
	struct fv_choices *all = c->cache && n->type == FV_F32 && close > 1 && least >= SHORT ? choices(c) : NULL;
	if (!all)
		return best;
	uint64_t key = key_of(c, n);
	/* Only what the clock might have been asked about: a file may say what it likes. */
	for (int i = 0; i < all->count; i++)
		if (all->list[i].key == key && rival(c, n, all->list[i].kernel, least))
			return all->list[i].kernel;
	for (const fv_kernel *const *k = fv_kernels; *k; k++) {
		double s;
		if (!rival(c, n, *k, least) || (most && timing(c, *k, n) > (double)most) || fv_kernel_time(NULL, c, *k, n, 3, 0, &s) || s >= fastest)
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

void fv_choices_keep(fv_context *c)
{
	struct fv_choices *all = cpu_of(c)->choices;
	fv_err err = { 0 };
	fv_writer *w;
	char text[4096];
	if (!all || !all->fresh)
		return;
	all->fresh = false;                             /* asked once, whether it can be written or not */
	snprintf(text, sizeof text, "%s", c->cache);
	char *slash = strrchr(text, '/');
	fv_status st = FV_OK;
	if (slash && slash > text) {
		*slash = 0;
		st = fv_folder_make(&err, text);
	}
	if (!st && !(st = fv_writer_open(&err, c, c->cache, &w))) {
		header(text, sizeof text);
		st = fv_writer_put(&err, w, text, strlen(text));
		for (int i = 0; i < all->count && !st; i++) {
			int length = snprintf(text, sizeof text, "%016" PRIx64 " %s\n", all->list[i].key, all->list[i].kernel->name);
			st = fv_writer_put(&err, w, text, (size_t)length);
		}
		if (st)
			fv_writer_abort(w);
		else
			st = fv_writer_commit(&err, w);
	}
	if (st)
		fv_log(c, FV_LOG_DEBUG, "which kernels were fastest is not kept: %s", err.text);
}
