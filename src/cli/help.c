/* SPDX-License-Identifier: Apache-2.0 */
/* --help, from the tables. */
#include "cli/cli.h"
#include <string.h>

#define WIDTH 80
#define COLUMN 26                       /* where an option's text begins */

const char *const fv_isa_choices[] = { "ref", "plain", "avx2", "avx512", "amx", NULL };
static const char *const precisions[] = { "auto", "f32", "bf16", "exact", NULL };
static const char *const when[] = { "auto", "always", "never", NULL };

static const char *const sandboxes[] = { "auto", "all", "off", NULL };  /* fv_sandbox */
const fv_option fv_global_options[] = {
	{ .name = "quiet", .letter = 'q', .type = FV_OPT_FLAG, .at = offsetof(fv_cli, quiet), .help = "say nothing but errors and warnings" },
	{ .name = "verbose", .letter = 'v', .type = FV_OPT_FLAG, .at = offsetof(fv_cli, verbose), .help = "say more; twice, everything" },
	{ .name = "json", .type = FV_OPT_FLAG, .at = offsetof(fv_cli, json), .help = "print JSON for programs to read" },
	{ .name = "threads", .type = FV_OPT_INT, .arg = "N", .at = offsetof(fv_cli, threads), .low = 0, .high = 1024,
	  .preset_help = "all that the process may use", .help = "threads to work with" },
	{ .name = "isa", .type = FV_OPT_ENUM, .arg = "NAME", .at = offsetof(fv_cli, isa), .choices = fv_isa_choices,
	  .preset_help = "FAUVE_ISA, else the best", .help = "highest instruction set to use" },
	{ .name = "precision", .type = FV_OPT_ENUM, .arg = "NAME", .at = offsetof(fv_cli, precision), .choices = precisions, .preset_help = "auto",
	  .help = "bf16: products of rounded numbers where the processor has them, sooner and off by a fraction of a level of 255; exact: direct sums only, for number-for-number work; auto: bf16 to paint, f32 to train" },
	{ .name = "limit", .type = FV_OPT_TEXT, .arg = "NAME=SIZE", .at = offsetof(fv_cli, limit), .preset_help = "those that `fauve doctor` shows",
	  .help = "let a file that you trust hold more: a model's header, tensors, ...; several with commas between" },
	{ .name = "sandbox", .type = FV_OPT_ENUM, .arg = "WHAT", .at = offsetof(fv_cli, sandbox), .choices = sandboxes, .preset_help = "auto",
	  .help = "which pictures are decoded in a process of their own that can do nothing else: auto, all but plain JPEG and PNG; all; off, none" },
	{ .name = "color", .type = FV_OPT_ENUM, .arg = "WHEN", .at = offsetof(fv_cli, colour_when), .choices = when,
	  .preset_help = "auto, never with NO_COLOR", .help = "colour messages" },
	{ 0 },
};

/* A piece appended, cut where the room ends. */
static void add(char *text, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(char *text, size_t room, const char *format, ...)
{
	size_t n = strlen(text);
	va_list ap;
	va_start(ap, format);
	vsnprintf(text + n, room - n, format, ap);
	va_end(ap);
}

void fv_option_syntax(const fv_option *o, char *text, size_t room)
{
	*text = 0;
	if (o->letter)
		add(text, room, "-%c, ", o->letter);
	add(text, room, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

static void number(char *text, size_t room, const fv_option *o, double v)
{
	if (o->type == FV_OPT_SIZE && v >= 1048576)
		add(text, room, "%gM", v / 1048576);
	else if (o->type == FV_OPT_DURATION)
		add(text, room, "%gs", v);
	else
		add(text, room, "%.10g", v);
}

void fv_option_text(const fv_option *o, char *text, size_t room)
{
	const char *between = " (";
	*text = 0;
	add(text, room, "%s", o->help);
	if (o->choices) {
		add(text, room, ": ");
		for (int i = 0; o->choices[i]; i++)
			add(text, room, "%s%s", i ? ", " : "", o->choices[i]);
	}
	if (o->low < o->high) {
		add(text, room, "%s", between);
		number(text, room, o, o->low);
		add(text, room, " to ");
		number(text, room, o, o->high);
		between = "; ";
	}
	if (o->preset || o->preset_help) {
		add(text, room, "%sdefault: %s", between, o->preset ? o->preset : o->preset_help);
		between = "; ";
	}
	if (o->type == FV_OPT_TEXTS) {
		add(text, room, "%smay be given several times", between);
		between = "; ";
	}
	if (o->required) {
		add(text, room, "%sneeded", between);
		between = "; ";
	}
	if (*between == ';')
		add(text, room, ")");
}

void fv_command_syntax(const fv_command *c, char *text, size_t room)
{
	*text = 0;
	add(text, room, "[OPTIONS]");
	for (const fv_argument *a = c->arguments; a && a->name; a++)
		add(text, room, " %s%s%s%s", a->optional ? "[" : "", a->name, a->many ? "..." : "", a->optional ? "]" : "");
}

/* Words from column `indent` on; the cursor stands at `at`. Ends the line. */
static void wrap(FILE *to, const char *text, int at, int indent)
{
	bool first = true;
	while (*text) {
		size_t n = strcspn(text, " \n");
		if (!first && at + 1 + (int)n > WIDTH) {
			fputc('\n', to);
			at = 0;
			first = true;
		}
		if (first)
			for (; at < indent; at++)
				fputc(' ', to);
		else {
			fputc(' ', to);
			at++;
		}
		fprintf(to, "%.*s", (int)n, text);
		at += (int)n;
		first = false;
		text += n;
		if (text[0] == '\n' && text[1] == '\n') {
			fputs("\n\n", to);
			at = 0;
			first = true;
		}
		text += strspn(text, " \n");
	}
	fputc('\n', to);
}

static void row(FILE *to, const char *left, const char *right)
{
	int at = fprintf(to, "  %s", left);
	if (at >= COLUMN - 1) {
		fputc('\n', to);
		at = 0;
	}
	wrap(to, right, at, COLUMN);
}

static void options(FILE *to, const fv_option *o, bool json)
{
	char left[120], right[600];
	for (; o && o->name; o++) {
		if ((!json && !strcmp(o->name, "json")) || !fv_option_shown(o))
			continue;
		char syntax[100];
		fv_option_syntax(o, syntax, sizeof syntax);
		snprintf(left, sizeof left, "%s%s", o->letter ? "" : "    ", syntax);
		fv_option_text(o, right, sizeof right);
		row(to, left, right);
	}
}

static void globals(FILE *to, bool json)
{
	fprintf(to, "\nEverywhere:\n");
	options(to, fv_global_options, json);
	row(to, "-h, --help", "this page");
	row(to, "    --version", "the version");
}

void fv_help_program(FILE *to)
{
	fprintf(to, "Usage: fauve COMMAND [OPTIONS] ARGUMENTS\n\n");
	wrap(to, "fauve teaches a computer to paint. Give it a folder of paintings and a folder of photographs: it trains a "
	     "generator against a discriminator until the paintings' hand is learned, then paints any photograph with it.", 0, 0);
	fprintf(to, "\nCommands:\n");
	for (int i = 0; fv_commands[i]; i++) {
		char left[40];
		snprintf(left, sizeof left, "%-10s", fv_commands[i]->name);
		wrap(to, fv_commands[i]->summary, fprintf(to, "  %s", left), 14);
	}
	globals(to, true);
	fprintf(to, "\nExamples:\n  fauve apply vangogh photo.jpg -o painted.png\n  fauve help apply\n");
}

/* Those that begin with `fauve COMMAND VARIANT`; v NULL: all. */
static void examples(FILE *to, const fv_command *c, const fv_variant *v)
{
	char begin[80];
	int n = snprintf(begin, sizeof begin, "fauve %s %s", c->name, v ? v->name : "");
	bool any = false;
	for (const fv_example *e = c->examples; e->line; e++)
		if (!v || !strncmp(e->line, begin, (size_t)n)) {
			fprintf(to, "%s  %s\n", any ? "" : "\nExamples:\n", e->line);
			any = true;
			wrap(to, e->what, 0, 6);
		}
}

static void help_variant(FILE *to, const fv_command *c, const fv_variant *v)
{
	fprintf(to, "Usage: fauve %s %s [OPTIONS]\n\n", c->name, v->name);
	wrap(to, v->help, 0, 0);
	if (v->note) {
		fputc('\n', to);
		wrap(to, v->note, 0, 0);
	}
	if (v->sets && v->sets->line)
		fprintf(to, "\nPresets:\n");
	for (const fv_example *e = v->sets; e && e->line; e++)
		row(to, e->line, e->what);
	fprintf(to, "\nOptions of its own:\n");
	options(to, v->options, false);
	fprintf(to, "\nWith those of all: fauve help %s\n", c->name);
	examples(to, c, v);
}

void fv_help_command(FILE *to, const fv_command *c, const fv_variant *v)
{
	char text[300];
	if (v) {
		help_variant(to, c, v);
		return;
	}
	fv_command_syntax(c, text, sizeof text);
	fprintf(to, "Usage: fauve %s %s\n\n", c->name, text);
	wrap(to, c->description, 0, 0);
	if (c->arguments && c->arguments->name) {
		fprintf(to, "\nArguments:\n");
		for (const fv_argument *a = c->arguments; a->name; a++)
			row(to, a->name, a->help);
	}
	if (c->variant)
		fprintf(to, "\nEach has options of its own: fauve help %s NAME\n", c->name);
	for (int i = 0; c->variant && (v = c->variant(i)); i++)
		row(to, v->name, v->help);
	if (c->options && c->options->name) {
		fprintf(to, "\nOptions:\n");
		options(to, c->options, true);
		options(to, c->handed, true);
	}
	globals(to, c->json);
	examples(to, c, NULL);
}
