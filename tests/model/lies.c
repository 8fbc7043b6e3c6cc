/* SPDX-License-Identifier: Apache-2.0 */
/* lies STROKENET DENSE: model files that lie, made from two good ones. Each is refused at once, by
 * a sentence that says what is wrong; what is odd and no lie opens. */
#define _GNU_SOURCE
#include "lies.h"
#include "values.h"
#include "base/file.h"
#include "model/weights.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define SOON 5 /* seconds; a twentieth is the rule, but machines are busy and sanitizers slow */
#define BIG ((size_t)9 << 20) /* a header over the limit */

const sound *base;
fv_context *context;
char path[64];
static char folder[] = "/tmp/fauve-lies-XXXXXX";

static bool load(const char *from, sound *to)
{
	void *data;
	size_t bytes;
	if (fv_file_read(NULL, context, from, 0, 100 << 20, &data, &bytes))
		return false;
	uint64_t n;
	memcpy(&n, data, 8);
	to->header = json_loadb((char *)data + 8, n, 0, NULL);
	to->bytes = bytes - 8 - n;
	to->values = malloc(to->bytes);
	memcpy(to->values, (char *)data + 8 + n, to->bytes);
	fv_free(context, data);
	return to->header && to->values;
}

void put(const char *header, const void *values, size_t bytes, int off)
{
	uint64_t length = strlen(header), n = (length + 7) / 8 * 8 + (uint64_t)off;
	FILE *f = fopen(path, "w");
	if (!f)
		exit(1);
	fwrite(&n, 1, 8, f);
	fprintf(f, "%s%*s", header, (int)(n - length), "");
	fwrite(values, 1, bytes, f);
	fclose(f);
}

void put_json(json_t *header)
{
	char *text = json_dumps(header, JSON_COMPACT);
	put(text, base->values, base->bytes, 0);
	free(text);
	json_decref(header);
}

static void refused_by(fv_context *c, const char *what, fv_status want, const char *words)
{
	fv_err err = { 0 };
	fv_model *m = NULL;
	double start = fv_now();
	fv_status st = fv_model_open(&err, c, path, &m);
	double took = fv_now() - start;
	check(st == want && err.status == want, "%s: status %d, not %d: %s", what, st, want,
	      err.text);
	check(!st || (strstr(err.text, path) == err.text && strstr(err.text, words)),
	      "%s: no word of '%s' in: %s", what, words, err.text);
	check(took < SOON, "%s: %.2f s", what, took);
	fv_model_free(m);
}

void refused(const char *what, fv_status want, const char *words)
{
	refused_by(context, what, want, words);
}
void opens(const char *what)
{
	refused_by(context, what, FV_OK, "");
}

/* ---- the header of a safetensors file */
static void entry(const char *name, const char *key, const char *value)
{
	json_t *header = json_deep_copy(base->header);
	json_object_set_new(json_object_get(header, name), key,
			    json_loads(value, JSON_DECODE_ANY, NULL));
	put_json(header);
}

/* The header's text with something written in place of its last character, "}". */
static void appended(const char *end)
{
	char *text = json_dumps(base->header, JSON_COMPACT), *all = NULL;
	text[strlen(text) - 1] = 0;
	if (asprintf(&all, "%s%s", text, end) < 0)
		exit(1);
	put(all, base->values, base->bytes, 0);
	free(all);
	free(text);
}

static void headers(void)
{
	static const struct {
		const char *key, *value, *words;
	} wrong[] = {
		{ "shape", "[-3]", "the shape" },
		{ "shape", "[0]", "the shape" },
		{ "shape", "[3.0]", "the shape" },
		{ "shape", "3", "the shape" },
		{ "shape", "[\"3\"]", "the shape" },
		{ "shape", "[1,1,1,1,1,1,3]", "the shape" },
		{ "shape", "[4611686018427387904,4]", "the shape" },
		{ "shape", "[4294967296,4294967296,3]", "the shape" },
		{ "shape", "[9223372036854775807]", "the shape" },
		{ "shape", "[4]", "the shape and length" },
		{ "shape", "[[3]]", "says more than" },
		{ "shape", "[1000000000000]", "the shape and length" },
		{ "data_offsets", "[-6,0]", "the place" },
		{ "data_offsets", "[6,0]", "the place" },
		{ "data_offsets", "[0,6,6]", "the place" },
		{ "data_offsets", "[0]", "the place" },
		{ "data_offsets", "{}", "the place" },
		{ "data_offsets", "[0.0,6.0]", "the place" },
		{ "data_offsets", "[0,6]", "holes or overlaps" },
		{ "data_offsets", "[9223372036854775801,9223372036854775807]", "may be cut off" },
		{ "dtype", "\"F8\"", "unknown type" },
		{ "dtype", "16", "unknown type" },
		{ "dtype", "\"I32\"", "the shape and length" },
		{ "dtype", "\"F64\"", "the shape and length" },
		{ "more", "1", "unknown type" },
	};
	char words[100], text[400];
	for (size_t i = 0; i < FV_COUNT(wrong); i++) {
		entry("head.bias", wrong[i].key, wrong[i].value);
		snprintf(words, sizeof words, "%s", wrong[i].words);
		refused(wrong[i].value, FV_E_FORMAT, words);
	}
	appended("}");
	opens("the base itself");
	appended(",\"head.bias\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]}}");
	refused("a name twice", FV_E_FORMAT, "duplicate");
	appended(",\"a\\u0000b\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]}}");
	refused("a name with a zero in it", FV_E_FORMAT, "not a sound safetensors file");
	appended(",\"a\xff\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]}}");
	refused("a name that is no UTF-8", FV_E_FORMAT, "unable to decode");
	appended(",\"a\":[[[[1]]]]}");
	refused("a header that nests", FV_E_FORMAT, "says more than");
	appended(",\"a\":7}");
	refused("a number for a tensor", FV_E_FORMAT, "unknown type of a");
	appended("");
	refused("a header without an end", FV_E_FORMAT, "not a sound safetensors file");
	put("{\"__metadata__\":{\"x\":1}}", "", 0, 0);
	refused("a number in the metadata", FV_E_FORMAT, "the metadata");
	put("{\"__metadata__\":[]}", "", 0, 0);
	refused("metadata that is a list", FV_E_FORMAT, "the metadata");
	put("{}", "", 0, 0);
	refused("no metadata", FV_E_FORMAT, "does not say of which network");
	put("{\"__metadata__\":{\"fauve\":\"[1]\"}}", "", 0, 0);
	refused("metadata that is no object", FV_E_FORMAT, "its metadata: is no JSON object");
	memset(text, 'n', 200);
	snprintf(text + 200, sizeof text - 200,
		 "\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]}}");
	char *named = NULL;
	if (asprintf(&named, ",\"%s", text) < 0)
		exit(1);
	appended(named);
	refused("a name of 200 bytes", FV_E_LIMIT,
		"a tensor's name: 200 bytes are over the limit of 199 bytes");
	free(named);
	static const uint64_t length[] = { UINT64_MAX, (uint64_t)1 << 63, 100 << 20, 1, 0, 9 };
	for (size_t i = 0; i < FV_COUNT(length); i++) {
		FILE *f = fopen(path, "w");
		fwrite(&length[i], 1, 8, f);
		fputs("{      }", f);
		fclose(f);
		refused("a header's length", FV_E_FORMAT, "header");
		if (truncate(path, 8))
			exit(1);
		refused("nothing but a header's length", FV_E_FORMAT, "too few");
	}
}

/* ---- what is sound, but too much */
static void bombs(void)
{
	fv_context *generous = NULL;
	fv_context_options o = { .size = sizeof o,
				 .threads = 1,
				 .limits = "header=16M,tensors=10000" };
	char *text = malloc(BIG + 100), *at = text;
	if (!text || fv_context_new(NULL, &o, &generous))
		exit(1);
	char *head = json_dumps(base->header, JSON_COMPACT);
	size_t length = strlen(head);
	memcpy(text, head, length);
	memset(text + length, ' ', BIG - length);
	text[BIG] = 0;
	put(text, base->values, base->bytes, 0);
	refused("a header of 9 MB", FV_E_LIMIT,
		"its header: 9.4 MB are over the limit of 8.4 MB; if you trust the file: --limit "
		"header=SIZE");
	refused_by(generous, "a header of 9 MB with leave", FV_OK, "");
	free(head);

	char *values = calloc(1, base->bytes + 5000 * 2);
	memcpy(values, base->values, base->bytes);
	json_t *many = json_deep_copy(base->header);
	for (int i = 0; i < 5000; i++) {
		char name[20];
		int64_t place = (int64_t)base->bytes + 2 * i;
		snprintf(name, sizeof name, "t%d", i);
		json_object_set_new(many, name,
				    json_pack("{s:s, s:[i], s:[I, I]}", "dtype", "F16", "shape", 1,
					      "data_offsets", (json_int_t)place,
					      (json_int_t)place + 2));
	}
	head = json_dumps(many, JSON_COMPACT);
	put(head, values, base->bytes + 5000 * 2, 0);
	refused("5000 tensors", FV_E_LIMIT,
		"are over the limit of 4096; if you trust the file: --limit tensors=SIZE");
	refused_by(generous, "5000 tensors with leave", FV_OK, "");
	free(head);
	free(values);
	json_decref(many);

	static const struct {
		const char *piece, *what, *words;
		fv_status st;
	} bomb[] = {
		{ "0,", "a header of numbers", "says more than", FV_E_FORMAT },
		{ "{},", "a header of objects", "--limit tensors", FV_E_LIMIT },
		{ "[", "a header of brackets", "says more than", FV_E_FORMAT },
		{ "\"\",", "a header of texts", "says more than", FV_E_FORMAT },
	};
	for (size_t i = 0; i < FV_COUNT(bomb); i++) {
		size_t n = strlen(bomb[i].piece);
		at = text + sprintf(text, "{\"a\":[");
		while (at < text + (8 << 20) - 100)
			at = (char *)memcpy(at, bomb[i].piece, n) + n;
		sprintf(at, "0]}");
		put(text, "", 0, 0);
		refused(bomb[i].what, bomb[i].st, bomb[i].words);
	}
	free(text);
	fv_context_free(generous);

	static const struct {
		const char *limits, *words;
	} wrong[] = {
		{ "header", "limit header: ''" },
		{ "header=0", "not between" },
		{ "header=-1", "not between" },
		{ "header=5G", "not between" },
		{ "depth=20", "cannot be set" },
		{ "size=3", "'size' is unknown: there are model, header, tensors" },
		{ "header=1M,,", "unknown" },
		{ "tensors=1e", "not between" },
	};
	for (size_t i = 0; i < FV_COUNT(wrong); i++) {
		fv_err err = { 0 };
		o.limits = wrong[i].limits;
		check(fv_context_new(&err, &o, &generous) == FV_E_ARGUMENT &&
			      strstr(err.text, wrong[i].words),
		      "limits %s: %s", wrong[i].limits, err.text);
	}
}

/* ---- values */
/* The base in another type; bad: the last value of this tensor, NULL: none. False: it cannot be
 * written. */
static bool retyped(const char *from, fv_type type, const char *bad, double value, double all)
{
	fv_safetensors f;
	if (fv_safetensors_open(NULL, context, from, &f))
		return false;
	for (int i = 0; i < f.count; i++) {
		fv_tensor t = f.entry[i].tensor,
			  to = { type, t.shape, malloc((size_t)fv_tensor_bytes(type, t.shape)) };
		int64_t n = fv_elements(t.shape);
		for (int64_t k = 0; k < n; k++)
			fv_put(to, k, all > 0 ? (k % 3 ? all : -all) : fv_get(t, k));
		if (bad && !strcmp(f.entry[i].name, bad))
			fv_put(to, n - 1, value);
		f.entry[i].tensor = to;
	}
	fv_status st = fv_safetensors_write(NULL, context, path, f.entry, f.count,
					    json_object_get(f.header, "__metadata__"), NULL, NULL);
	for (int i = 0; i < f.count; i++)
		free(f.entry[i].tensor.data);
	fv_safetensors_close(&f);
	return !st;
}

static void values(const char *strokenet)
{
	static const fv_type types[] = { FV_F32, FV_F64, FV_BF16, FV_F16 };
	static const char *const names[] = { "stem.0.weight", "res.0.m.bias", "head.bias",
					     "col.weight" };
	char what[100], words[100];
	for (size_t i = 0; i < FV_COUNT(types); i++) {
		for (size_t k = 0; k < FV_COUNT(names); k++) {
			snprintf(words, sizeof words, "%s holds NaN or infinite numbers", names[k]);
			for (int bad = 0; bad < 3; bad++) {
				snprintf(what, sizeof what, "%s, %s, %d", fv_type_name(types[i]),
					 names[k], bad);
				check(retyped(strokenet, types[i], names[k],
					      bad == 0   ? NAN
					      : bad == 1 ? INFINITY
							 : -INFINITY,
					      0),
				      "%s: not written", what);
				refused(what, FV_E_FORMAT, words);
			}
		}
		retyped(strokenet, types[i], NULL, 0, 0);
		opens(fv_type_name(types[i]));
	}
	retyped(strokenet, FV_F64, "col.bias", 1e300, 0);
	refused("a double that is no float", FV_E_FORMAT, "col.bias holds NaN or infinite numbers");
	retyped(strokenet, FV_F32, "col.bias", 1e-42, 0);
	opens("a subnormal number");
	retyped(strokenet, FV_U8, NULL, 0, 0);
	refused("whole numbers", FV_E_FORMAT, "holds no weights but u8");
}

/* Count grey pictures of 8x8. */
static fv_status generate(fv_err *err, const fv_model *m, int count, uint64_t seed, uint8_t *out)
{
	fv_generate_options o = FV_GENERATE_DEFAULTS;
	fv_pixels *p = calloc((size_t)count, sizeof *p);
	o.seed = seed;
	for (int i = 0; i < count; i++)
		p[i] = (fv_pixels){ 8, 8, 1, 8, 8, out + 64 * i };
	fv_status st = fv_generate(err, m, &o, count, p);
	free(p);
	return st;
}

/* Finite weights, so large that sums of them are not: said when it is painted, and the buffer is as
 * it was. */
static void too_large(const char *strokenet, const char *dense)
{
	static uint8_t photo[40][48][3], before[40][48][3], out[1000 * 64];
	const fv_pixels p = { 48, 40, 3, 8, 48 * 3, photo };
	fv_model *m = NULL;
	fv_err err = { 0 };
	for (size_t i = 0; i < sizeof photo; i++)
		((uint8_t *)photo)[i] = (uint8_t)(i * 31);
	memcpy(before, photo, sizeof photo);
	retyped(strokenet, FV_F32, NULL, 0, 3e38);
	if (check(!fv_model_open(&err, context, path, &m), "large weights: %s", err.text)) {
		fv_pixels same = p;
		fv_status st = fv_paint(&err, m, &p, NULL, &same);
		check(st == FV_E_FORMAT && strstr(err.text, "paints NaN"),
		      "large weights: status %d, %s", st, err.text);
		check(!memcmp(before, photo, sizeof photo), "the buffer is not as it was");
	}
	fv_model_free(m);
	m = NULL;
	retyped(dense, FV_F32, NULL, 0, 3e38);
	if (check(!fv_model_open(&err, context, path, &m), "large weights: %s", err.text)) {
		fv_status st = generate(&err, m, 1000, 1, out);
		check(st == FV_E_FORMAT && strstr(err.text, "makes NaN"),
		      "large weights of dense: status %d, %s", st, err.text);
	}
	fv_model_free(m);
}

/* Values that begin anywhere are the same values. */
static void misaligned(const char *from)
{
	sound s;
	fv_model *a = NULL, *b = NULL;
	if (!check(load(from, &s), "%s: cannot be read", from))
		return;
	char *head = json_dumps(s.header, JSON_COMPACT);
	fv_model_open(NULL, context, from, &a);
	for (int off = 1; off < 8 && a; off++) {
		put(head, s.values, s.bytes, off);
		bool same = !fv_model_open(NULL, context, path, &b);
		for (fv_variable *v = a->store->first, *w = b ? b->store->first : NULL; v && same;
		     v = v->next, w = w->next)
			if ((same = w != NULL)) {
				fv_tensor x = variable_values(v), y = variable_values(w);
				same = !memcmp(x.data, y.data, (size_t)fv_variable_bytes(v));
				free(x.data);
				free(y.data);
			}
		check(same, "%s, %d bytes on: another model", from, off);
		fv_model_free(b);
		b = NULL;
	}
	fv_model_free(a);
	free(head);
	free(s.values);
	json_decref(s.header);
}

/* A checkpoint's NaN is found before anything is written. */
static void fill(void)
{
	fv_store *s = NULL;
	fv_err err = { 0 };
	fv_safetensors f = { 0 };
	const float good[] = { 1, 2, 3 }, bad[] = { 4, 5, NAN };
	const fv_entry e[] = { { "a", { FV_F32, FV_SHAPE(3), (void *)good } },
			       { "b", { FV_F32, FV_SHAPE(3), (void *)bad } } };
	fv_store_new(NULL, context, &s);
	fv_variable *a = fv_variable_new(s, FV_F32, FV_SHAPE(3), "a"),
		    *b = fv_variable_new(s, FV_F32, FV_SHAPE(3), "b");
	check(!fv_safetensors_write(&err, context, path, e, 2, NULL, NULL, NULL) &&
		      !fv_safetensors_open(&err, context, path, &f),
	      "%s", err.text);
	check(fv_weights_fill(&err, path, &f, s) == FV_E_FORMAT && strstr(err.text, "b holds NaN"),
	      "a checkpoint's NaN: %s", err.text);
	float x[3] = { 1 }, y[3] = { 1 };
	check(!fv_variable_get(&err, a, x) && !fv_variable_get(&err, b, y) && x[0] == 0 && y[0] == 0,
	      "half of a checkpoint was taken");
	fv_safetensors_close(&f);
	fv_store_free(s);
}

/* As many as are asked for are made in several goes; the first of many are what a few would be. */
static void goes(const char *dense)
{
	enum { COUNT = 200000, SIZE = 64, FEW = 10 };
	fv_model *m = NULL;
	uint8_t *many = malloc(COUNT * SIZE), few[FEW * SIZE];
	bool done = many && !fv_model_open(NULL, context, dense, &m) &&
		    !generate(NULL, m, FEW, 3, few) && !generate(NULL, m, COUNT, 3, many);
	check(done && !memcmp(many, few, sizeof few),
	      "the first of many pictures are not those of a few");
	check(done && memcmp(many + (COUNT - FEW) * SIZE, few, sizeof few) != 0,
	      "a second go repeats the first");
	fv_model_free(m);
	free(many);
}

int main(int argc, char **argv)
{
	sound s;
	if (argc != 3) {
		fprintf(stderr, "usage: lies STROKENET DENSE\n");
		return 2;
	}
	if (!mkdtemp(folder) ||
	    fv_context_new(
		    NULL, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2 },
		    &context) ||
	    !load(argv[1], &s)) {
		perror(folder);
		return 1;
	}
	base = &s;
	snprintf(path, sizeof path, "%s/model.safetensors", folder);
	headers();
	metadata();
	bombs();
	values(argv[1]);
	too_large(argv[1], argv[2]);
	misaligned(argv[1]);
	misaligned(argv[2]);
	fill();
	goes(argv[2]);
	unlink(path);
	rmdir(folder);
	free(s.values);
	json_decref(s.header);
	fv_context_free(context);
	return finish("lies");
}
