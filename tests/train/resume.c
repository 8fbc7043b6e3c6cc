/* SPDX-License-Identifier: Apache-2.0 */
/* Every recipe of the table, as small as its record says: killed and resumed it has the bytes of one that never stopped; and each of its
 * options, given again with another value, either takes effect or is refused in a line that names both values.
 * Arguments: a picture, the folder of feature networks. */
#define _GNU_SOURCE
#include "model/safetensors.h"
#include "picture/picture.h"
#include "test.h"
#include "train/train.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS 6
static const char *features;
static fv_err err;
static int64_t kill_at;

/* ---- what a caller gives */
static bool progress(void *user, const fv_train_progress *p)
{
	if (kill_at && p->step == kill_at)
		raise(SIGKILL);
	return true;
}

static fv_status decode(void *user, fv_err *e, const char *path, int64_t longest, fv_pixels *out)
{
	return fv_picture_shrink(e, path, longest, out, NULL);
}

static fv_status find(void *user, fv_err *e, const char *option, const char *name, char *path, size_t room)
{
	snprintf(path, room, "%s/%s.safetensors", features, name ? name : "");
	return name ? FV_OK : fv_fail(e, FV_E_READ, "%s do not come with this test", option);
}

static fv_status train(const char *recipe, const char *run, const char *const *texts)
{
	fv_context *c = NULL;
	fv_train_options o = { .size = sizeof o, .recipe = recipe, .run = run, .options = texts, .progress = progress, .decode = decode, .find = find };
	if (fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2 }, &c))
		return FV_E_INTERNAL;
	fv_status st = fv_train(&err, c, &o);
	fv_context_free(c);
	return st;
}

/* What lies there for an option of data: one of files that may be an idx file, or pictures. */
static const char *file_of(const fv_option *o)
{
	bool idx = o->type == FV_OPT_TEXT && o->kind != FV_ARG_FOLDER;
	return idx ? "digits.idx" : "pictures";
}

/* Texts of a run as small as they get; data: in the folder `where`. */
static char text[40][300];
static const char *list[50];
static void begin_with(const fv_recipe *r, const char *where)
{
	int n = 0;
	for (int i = 0; r->smallest && r->smallest[i]; i++)
		snprintf(text[n++], sizeof *text, "%s", r->smallest[i]);
	for (int i = 0; i < FV_RECIPE_DATA && r->data[i].option; i++)
		snprintf(text[n++], sizeof *text, "%s=%s/%s", r->data[i].option, where,
			 file_of(fv_option_find(r->options, r->data[i].option)));
	snprintf(text[n++], sizeof *text, "steps=%d", STEPS);
	for (int i = 0; i < n; i++)
		list[i] = text[i];
	list[n] = NULL;
}

static bool same(const char *a, const char *b, const char *file)
{
	char command[300];
	snprintf(command, sizeof command, "cmp -s %s/%s %s/%s", a, file, b, file);
	return !system(command);
}

static json_t *value_in(const char *run, const char *name)
{
	char path[300];
	snprintf(path, sizeof path, "%s/run.json", run);
	json_t *j = json_load_file(path, 0, NULL), *v = json_incref(json_object_get(j, name));
	json_decref(j);
	return v;
}

static int64_t steps_of(const char *run)
{
	char path[300];
	fv_context *c = NULL;
	fv_safetensors f;
	int64_t steps = 0;
	snprintf(path, sizeof path, "%s/checkpoint.safetensors", run);
	if (fv_context_new(&err, NULL, &c) || fv_safetensors_open(&err, c, path, &f))
		return 0;
	json_t *about = json_loads(fv_safetensors_text(&f, "fauve.run"), 0, NULL);
	steps = json_integer_value(json_object_get(about, "steps"));
	json_decref(about);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return steps;
}

/* ---- killed and resumed */
/* Measured too: on pictures of a folder, so that a recipe learns from one. */
static void add_measuring(const fv_recipe *r)
{
	static const char *const more[] = { "measure=swd", "measure-every=2", "held-art=held",
					    "held-photos=held" };
	int n = 0;
	while (list[n])
		n++;
	for (size_t i = 0; i < FV_COUNT(more) - !r->models[0].shows; i++)
		list[n++] = more[i];
	list[n] = NULL;
}

static void check_killed(const fv_recipe *r, bool measured)
{
	char straight[60], killed[60];
	int status;
	snprintf(straight, sizeof straight, measured ? "%s-straight-measured" : "%s-straight",
		 r->name);
	snprintf(killed, sizeof killed, measured ? "%s-killed-measured" : "%s-killed", r->name);
	begin_with(r, "data");
	if (measured)
		add_measuring(r);
	check(!train(r->name, straight, list), "%s: %s", r->name, err.text);
	pid_t child = fork();
	if (!child) {
		kill_at = STEPS - 2;
		train(r->name, killed, list);
		_exit(0);
	}
	waitpid(child, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s: the child is killed: %d", r->name, status);
	check(!train(NULL, killed, NULL), "%s, resumed: %s", r->name, err.text);
	check(same(straight, killed, "checkpoint.safetensors") && same(straight, killed, "stats.jsonl"), "%s: killed and resumed, other bytes", r->name);
	for (const fv_recipe_model *m = r->models; m->file; m++)
		check(same(straight, killed, m->file), "%s: killed and resumed, another %s", r->name, m->file);
	check(!measured || (same(straight, killed, "metrics.jsonl") &&
			    same(straight, killed, "best.safetensors")),
	      "%s: killed and resumed, measured otherwise, or another best", r->name);
}

/* ---- options given again */
static const char *straight_run(const fv_recipe *r)
{
	static char run[60];
	snprintf(run, sizeof run, "%s-straight", r->name);
	return run;
}

/* 5e-05 as JSON has it: 5e-5 */
static void as_json(char *text)
{
	char *zero = strstr(text, "e-0");
	if (zero)
		memmove(zero + 2, zero + 3, strlen(zero + 2));
}

/* Another value than the one that the run has; data: the same under another name. */
static void other(const fv_option *o, const json_t *was, char *to, size_t room)
{
	double v = json_number_value(was);
	if (!strcmp(o->name, "until") || !strcmp(o->name, "measure") ||
	    !strcmp(o->name, "measure-every")) {
		snprintf(to, room, "%s=%s", o->name,
			 o->name[0] == 'u' ? "swd<0.001"
			 : o->name[7]      ? "50"
					   : "swd");
		return;
	}
	if (!strncmp(o->name, "held-", 5)) {
		snprintf(to, room, "%s=held", o->name);
		return;
	}
	switch (o->type) {
	case FV_OPT_SIZE: snprintf(to, room, "%s=%.0f", o->name, v + 4e9); break;
	case FV_OPT_INT:
		v += o->multiple ? o->multiple : 1;
		v = o->low < o->high && v < o->low ? o->low : v;
		snprintf(to, room, "%s=%.0f", o->name, o->low < o->high && v > o->high ? v - 2 * (o->multiple ? o->multiple : 1) : v);
		break;
	case FV_OPT_FLOAT:
		v = o->low < o->high && v * 1.5 > o->high ? v / 2 : v > 0 ? v * 1.5 : (o->low + o->high) / 2;
		snprintf(to, room, "%s=%.15g", o->name, v);
		as_json(to);
		break;
	case FV_OPT_FLAG:
		snprintf(to, room, "%s=on", o->name);
		break;
	case FV_OPT_DURATION: snprintf(to, room, "%s=%.0fs", o->name, v > 0 ? v + 10 : 1000); break;
	case FV_OPT_ENUM: snprintf(to, room, "%s=%s", o->name, o->choices[!strcmp(o->choices[0], json_string_value(was))]); break;
	default:
		if (o->kept & FV_KEPT_MOVES)
			snprintf(to, room, "%s=moved/%s", o->name, file_of(o));
		else
			snprintf(to, room, "%s=other", o->name);
	}
}

static bool changes(const fv_option *o) { return o->kept & (FV_KEPT_CHANGES | FV_KEPT_MOVES); }

/* Time is the clock's; what paints no photographs has none to be measured on. */
static bool left_out(const fv_recipe *r, const fv_option *o)
{
	return !strcmp(o->name, "time") || (!r->models[0].shows && !strcmp(o->name, "held-photos"));
}

static bool copy_run(const fv_recipe *r, const char *to)
{
	char command[200];
	snprintf(command, sizeof command, "rm -rf %s && cp -r %s-straight %s", to, r->name, to);
	return check(!system(command), "%s", command);
}

/* Another value for an option that may not change: refused, with both. */
static void check_refused(const fv_recipe *r, const fv_option *o)
{
	char given[200];
	json_t *was = value_in("again", o->name);
	char *a = was ? json_dumps(was, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10)) : strdup("nothing");
	other(o, was, given, sizeof given);
	fv_status st = train(NULL, "again", (const char *const[]){ given, NULL });
	check(st == FV_E_ARGUMENT && strstr(err.text, "begun with") && strstr(err.text, o->name) && strstr(err.text, a) && strstr(err.text, strchr(given, '=') + 1),
	      "%s: %s on a run with %s: %s", r->name, given, a, st ? err.text : "taken");
	free(a);
	json_decref(was);
}

/* All that may change at once (to open a run takes longest); then all that may not, as they are. */
static void check_options(const fv_recipe *r)
{
	const fv_option *const tables[] = { fv_train_table, r->options };
	int n = 0, m = 0;
	static char other_text[40][300], same_text[40][300];
	const char *others[41], *sames[41];
	if (!copy_run(r, "again"))
		return;
	for (size_t t = 0; t < FV_COUNT(tables); t++)
		for (const fv_option *o = tables[t]; o->name; o++) {
			if (o->kept & FV_KEPT_INNER || left_out(r, o))
				continue;
			json_t *was = value_in("again", o->name);
			if (changes(o)) {
				other(o, was, other_text[n], sizeof *other_text);
				others[n] = other_text[n];
				n++;
			} else {
				check_refused(r, o);
				if (was && o->kind == FV_ARG_PLAIN) {
					char *bare = json_is_string(was) ? strdup(json_string_value(was)) : json_dumps(was, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
					snprintf(same_text[m], sizeof *same_text, "%s=%s", o->name, bare);
					sames[m] = same_text[m];
					m++;
					free(bare);
				}
			}
			json_decref(was);
		}
	others[n] = sames[m] = NULL;
	check(same("again", straight_run(r), "run.json") && same("again", straight_run(r), "checkpoint.safetensors"), "%s: what was refused is remembered", r->name);
	check(!train(NULL, "again", others), "%s: what may change: %s", r->name, err.text);
	check(steps_of("again") == STEPS + 1, "%s: %d steps", r->name, (int)steps_of("again"));
	for (size_t t = 0; t < FV_COUNT(tables); t++)
		for (const fv_option *o = tables[t]; o->name; o++) {
			json_t *was = value_in(straight_run(r), o->name), *now = value_in("again", o->name);
			if (changes(o) && !left_out(r, o))
				check(now && !json_equal(was, now), "%s: %s is ignored", r->name, o->name);
			json_decref(was);
			json_decref(now);
		}
	check(!train(NULL, "again", sames), "%s: the same again: %s", r->name, err.text);
	check(!train(NULL, "again", (const char *const[]){ "time=3s", NULL }) && steps_of("again") > STEPS + 1, "%s: time: %s", r->name, err.text);
}

/* Other data under an option that may move: refused by what they are. */
static void check_data(const fv_recipe *r)
{
	char run[60], given[200];
	const char *texts[] = { given, NULL };
	snprintf(run, sizeof run, "%s-straight", r->name);
	for (int i = 0; i < FV_RECIPE_DATA && r->data[i].option; i++) {
		snprintf(given, sizeof given, "%s=others/%s", r->data[i].option,
			 file_of(fv_option_find(r->options, r->data[i].option)));
		check(train(NULL, run, texts) == FV_E_ARGUMENT && strstr(err.text, "begun with data"), "%s: %s: %s", r->name, given, err.text);
	}
}

/* ---- runs of an early fauve: settings of every recipe in the checkpoint, and a run.json without most of them. The texts are what
 * fauve 0.1.0 wrote before a recipe had options of its own. */
static bool set_kept(const char *run, const char *add)
{
	char path[300];
	fv_context *c = NULL;
	fv_safetensors f;
	snprintf(path, sizeof path, "%s/checkpoint.safetensors", run);
	if (fv_context_new(&err, NULL, &c) || fv_safetensors_open(&err, c, path, &f))
		return false;
	json_t *about = json_loads(fv_safetensors_text(&f, "fauve.run"), 0, NULL), *more = json_loads(add, 0, NULL);
	json_object_update(json_object_get(about, "settings"), more);
	char *text = json_dumps(about, JSON_COMPACT | JSON_REAL_PRECISION(17));
	json_t *metadata = json_pack("{s:s}", "fauve.run", text);
	bool done = more && !fv_safetensors_write(&err, c, path, f.entry, f.count, metadata, NULL, NULL);
	json_decref(more);
	json_decref(metadata);
	json_decref(about);
	free(text);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return done;
}

static void check_early(void)
{
	static const char begun[] = "{\n \"recipe\": \"dense\",\n \"precision\": \"f32\",\n \"photos\": [],\n \"art\": [],\n \"data\": \"../data/digits.idx\",\n"
	                            " \"steps\": 6,\n \"batch\": 4,\n \"seed\": 1,\n \"features\": \"vgg16\"\n}";
	const char *longer[] = { "steps=8", NULL };
	if (!check(!system("rm -rf early now && cp -r dense-straight early && cp -r dense-straight now") &&
	           set_kept("early", "{\"size\":28,\"width\":0,\"blocks\":0,\"adv\":0.0,\"content\":0.0,\"style\":0.0,\"colour\":0.0}"), "an early run: %s", err.text))
		return;
	FILE *f = fopen("early/run.json", "w");
	fputs(begun, f);
	fclose(f);
	check(!train(NULL, "early", longer) && !train(NULL, "now", longer), "an early run goes on: %s", err.text);
	check(same("early", "now", "checkpoint.safetensors") && same("early", "now", "model.safetensors"), "an early run goes on to other bytes");
	check(set_kept("early", "{\"unheard\":3}") && train(NULL, "early", NULL) == FV_E_ARGUMENT && strstr(err.text, "unheard"), "a setting of a later fauve: %s", err.text);
}

static void write_idx(const char *path, int count)
{
	FILE *f = fopen(path, "wb");
	fwrite("\0\0\10\3\0\0\0", 1, 7, f);
	fputc(count, f);
	fwrite("\0\0\0\4\0\0\0\4", 1, 8, f);
	for (int i = 0; i < count * 16; i++)
		fputc(i * 37 % 251, f);
	fclose(f);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/fauve-resume-XXXXXX", command[1000];
	if (argc != 3)
		return 2;
	features = argv[2];
	snprintf(command, sizeof command,
		 "mkdir -p held data/pictures moved/pictures others/pictures && cp '%s' held/a.jpg "
		 "&& cp held/a.jpg held/b.jpg && cp '%s' data/pictures/a.jpg && cp '%s' "
		 "moved/pictures/a.jpg && "
		 "cp '%s' others/pictures/a.jpg && cp '%s' others/pictures/b.jpg",
		 argv[1], argv[1], argv[1], argv[1], argv[1]);
	if (!check(mkdtemp(folder) && !chdir(folder) && !system(command) && !fv_picture_begin(&err, "resume"), "a folder: %s", err.text))
		return finish("resume");
	write_idx("data/digits.idx", 20);
	write_idx("moved/digits.idx", 20);
	write_idx("others/digits.idx", 21);
	for (int i = 0; fv_recipes[i]; i++) {
		check_killed(fv_recipes[i], false);
		check_killed(fv_recipes[i], true);
		check_options(fv_recipes[i]);
		check_data(fv_recipes[i]);
	}
	check_early();
	check(!chdir("/"), "back");
	snprintf(command, sizeof command, "rm -rf %s", folder);
	check(!system(command), "%s stays", folder);
	return finish("resume");
}
