/* SPDX-License-Identifier: Apache-2.0 */
/* What to learn from a collection: a rule a kind of collection. */
#include "cli/check_data.h"
#include "train/recipe.h"
#include <string.h>

#define SMALL 96                        /* pixels of the longer side: not enough for strokes */

/* What is known of all that was given. */
typedef struct {
	const fv_check *check;
	const fv_check_set *first, *second;     /* with pictures or idx; NULL: there is none */
	int usable;                     /* of the first: readable, less what is there twice */
	int64_t shorter, longer;        /* medians of the first */
	int shared;                     /* names in both */
} known;

static bool is_idx(const known *k) { return k->first->idxs && !k->first->readable; }
static bool is_paired(const known *k) { return fv_check_paired(k->first); }
static bool is_two_paired(const known *k)
{
	return k->second && k->shared &&
	       10 * k->shared >= 9 * fv_max(k->first->count, k->second->count);
}
static bool is_classes(const known *k) { return fv_check_classes(k->first); }
static bool is_small(const known *k) { return k->longer <= SMALL; }
static bool is_one(const known *k) { return !k->second && k->usable == 1; }
static bool is_two(const known *k) { return k->second && k->second->readable; }
static bool is_any(const known *k) { return true; }

/* To add one: a line; the first that fits counts, and of its recipes the first that this build has.
 * %1, %2: the two folders; %s: the size; %t: the time. */
static const struct {
	bool (*fits)(const known *k);
	const char *recipes[4], *options, *why;
} rules[] = {
	{ is_idx, { "wgan-gp", "dcgan", "dense" }, "--data %1 --time 30m",
	  "an idx file of small grey pictures is what GANs that paint from noise are learnt with" },
	{ is_paired, { "pix2pix" }, "--data %1 --size %s --time 1h",
	  "pictures twice as wide as high are pairs A|B: what to draw from, and what it becomes" },
	{ is_two_paired, { "pix2pix" }, "--data PAIRS --size %s --time 1h",
	  "two folders whose names are the same are pairs: put them as A and B into a folder, here "
	  "PAIRS" },
	{ is_classes, { "dcgan", "dense" }, "--data %1 --time 1h",
	  "a folder a class: a GAN that paints from noise can be told which" },
	{ is_small, { "dcgan", "dense" }, "--data %1 --time 1h",
	  "pictures this small show no strokes, but a GAN that paints from noise learns them" },
	{ is_one, { "style", "sincut" }, "--art %1 --size %s --time 30m",
	  "of one picture a hand can be learnt, if it shows strokes; photographs come with fauve" },
	{ is_two, { "style", "cyclegan" }, "--art %1 --photos %2 --size %s --time %t",
	  "two folders that are no pairs: the first is taken for the paintings, the second for the "
	  "photographs; change them if it is the other way round" },
	{ is_any, { "style" }, "--art %1 --size %s --time %t",
	  "a folder of pictures without pairs or classes is a hand to be learnt; photographs come "
	  "with fauve" },
};

/* The folder that a training reads: itself, or what is in it for training, or the fullest. */
static const char *path_of(const known *k, const fv_check_set *s)
{
	const fv_check_folder *best = &s->folder[0];
	if (!s->readable || best->readable || fv_check_classes(s))
		return s->path;
	for (int i = 1; i < s->folders; i++) {
		const char *slash = strrchr(s->folder[i].path, '/');
		if (slash && !strncmp(slash + 1, "train", 5))
			return s->folder[i].path;
		if (s->folder[i].readable > best->readable)
			best = &s->folder[i];
	}
	return best->path;
}

/* Crops of whole multiples that nearly every picture can give. */
static int size_of(const known *k, bool whole)
{
	const int most = whole ? 256 : 128;
	int size = 64;
	while (2 * size <= most && 2 * size <= k->shorter)
		size *= 2;
	return size;
}

static const char *time_of(const known *k)
{
	return k->usable < 10 ? "30m" : k->usable < 100 ? "40m" : "1h";
}

static void write_options(const known *k, const char *options, bool whole, char *to, size_t room)
{
	size_t used = strlen(to);
	for (const char *o = options; *o && used + 1 < room; o++) {
		char path[FV_PATH_MAX];
		if (*o != '%') {
			to[used++] = *o, to[used] = 0;
			continue;
		}
		const fv_check_set *s = o[1] == '2' ? k->second : k->first;
		if (*++o == 's')
			snprintf(to + used, room - used, "%d", size_of(k, whole));
		else if (*o == 't')
			snprintf(to + used, room - used, "%s", time_of(k));
		else
			snprintf(to + used, room - used, "%s",
			         fv_shell_quote(path_of(k, s), path, sizeof path));
		used += strlen(to + used);
	}
}

static void reason_of(const known *k, const char *why, char *to, size_t room)
{
	int n = snprintf(to, room, "%s", why);
	if (k->first->readable && k->usable < 5 && k->usable != 1)
		snprintf(to + n, room - (size_t)n,
		         "; %d pictures are few: more of the same hand are better", k->usable);
	else if (k->first->readable && k->longer > SMALL && k->longer < 400 && !k->first->pairs &&
	         !is_classes(k))
		snprintf(to + n, room - (size_t)n,
		         "; at %" PRId64 " pixels strokes hardly show: 512 and more are better",
		         k->longer);
}

void fv_check_advise(const fv_check *c, fv_advice *out)
{
	known k = { .check = c };
	*out = (fv_advice){ "", "" };
	for (int i = 0; i < c->sets; i++) {
		const fv_check_set *s = &c->set[i];
		bool idx = false;
		for (int n = 0; n < s->idxs; n++)
			idx = idx || !s->idx[n].status;
		if (!s->readable && !idx)
			continue;
		if (!k.first)
			k.first = s;
		else if (!k.second)
			k.second = s;
	}
	if (!k.first)
		return;
	k.usable = k.first->readable;
	for (int i = k.first->first; i < k.first->first + k.first->count; i++)
		k.usable -= !c->picture[i].status && c->picture[i].twin >= k.first->first;
	k.shorter = fv_check_quantile(c, k.first, fv_shorter_side, 0.5);
	k.longer = fv_check_quantile(c, k.first, fv_longer_side, 0.5);
	if (k.second)
		k.shared = fv_check_shared(c, k.first, k.second);
	int rule = 0, r = 0;
	while (!rules[rule].fits(&k))
		rule++;
	const char *const *recipe = rules[rule].recipes;
	while (recipe[r] && !fv_recipe_find(recipe[r]))
		r++;
	reason_of(&k, rules[rule].why, out->reason, sizeof out->reason);
	if (!recipe[r]) {
		const size_t n = strlen(out->reason);
		snprintf(out->reason + n, sizeof out->reason - n,
		         "; that is for the recipe %s, which this build has not", recipe[0]);
		return;
	}
	const char *options = rules[rule].options;
	snprintf(out->command, sizeof out->command, "fauve train %s ", recipe[r]);
	write_options(&k, options, !strstr(options, "--art"), out->command, sizeof out->command);
}
