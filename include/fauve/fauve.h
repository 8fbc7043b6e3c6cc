/* SPDX-License-Identifier: Apache-2.0 */
/** libfauve: open a model and paint pictures with it, make pictures from noise, measure how good
 *  they are, lay them out, or train.
 *
 *  **Errors.** Every call that can fail takes an fv_err, may be given NULL for it, and returns a
 *  status; the sentence says what, where, why and what to do. Outputs are written on success only.
 *  The library never prints, exits or aborts.
 *
 *  **Ownership.** "Yours" is freed by you with the named call, before its context; everything else
 *  is borrowed, for the call.
 *
 *  **Threads.** A context and a model may be used by any number of threads at once. Whatever else
 *  is made with them (a painter, an evaluator) belongs to one thread at a time, and so do the
 *  pictures that a call is given to write. A context has one set of workers: a call that finds them
 *  busy with another thread's call does its work alone, on its own thread, and the result is the
 *  same to the bit. So one context for many threads never runs more than `threads` workers and the
 *  callers themselves. Free a context, or a model, when no thread uses it any more. The library
 *  keeps nothing of its own outside of contexts.
 *
 *  **Callbacks** (log, progress) are called by a thread that is in a call of the library, before
 *  the call returns, and may be called by several at once when several are. `cancelled` may also be
 *  asked by threads that training reads data with. A callback may call the library, but free
 *  nothing that is in use.
 *
 *  **What is stable.** Until 1.0 the soname (libfauve.so.0) changes whenever a program would have
 *  to be compiled anew; within one soname calls, enum values and fields are only ever added.
 *  Structs that you fill begin with `size`: set it to the struct's sizeof, and fields that your
 *  header does not know have their defaults. Structs that the library returns by pointer may grow
 *  at their end; elements of lists do not grow. New measures, parameters and facts are new lines of
 *  a list, found by name. */
#ifndef FAUVE_H
#define FAUVE_H
#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A model: a network and its weights. It never changes once it is open. */
typedef struct fv_model fv_model;

/** Open a model file.
 *  @param path  a safetensors file with fauve's metadata
 *  @param out   yours; free with fv_model_free()
 *  @return FV_OK, FV_E_READ, FV_E_FORMAT (cut short, lying sizes, unknown family, weights that are
 *          NaN or infinite), FV_E_LIMIT, FV_E_MEMORY */
FV_API fv_status fv_model_open(fv_err *err, fv_context *c, const char *path, fv_model **out);
FV_API void fv_model_free(fv_model *m);

/** What a model is for: fv_paint(), fv_generate(), or to judge pictures by (fv_evaluator_new()). */
typedef enum { FV_PAINTS, FV_GENERATES, FV_LOOKS } fv_use;

/** What goes in or comes out of a network. */
typedef enum {
	FV_PORT_IMAGE,
	FV_PORT_NOISE,             /**< normal: mean 0, deviation 1 */
	FV_PORT_MARKS,             /**< what tells brush strokes apart */
	FV_PORT_LABEL,
	FV_PORT_MASK,
	FV_PORT_MAP,               /**< a map of features */
} fv_port_kind;

typedef struct fv_named { const char *name, *value; } fv_named;

typedef struct fv_model_port {
	const char *name;
	fv_port_kind kind;
	int channels;              /**< 0: as many as it happens to have */
	double low, high;          /**< range of an image's values */
	int multiple, least;       /**< sides are multiples of it, and at least so many pixels */
} fv_model_port;

/** What is known of a model. */
typedef struct fv_description {
	const char *family;        /**< of networks: "strokenet" */
	fv_use use;
	int parameters;
	const fv_named *parameter; /**< what the network was built from: width "24", noise "100",
	                            *   hidden "[256,512]" */
	int inputs, outputs;
	const fv_model_port *input, *output;
	int facts;
	const fv_named *fact;      /**< all else that the file says: title, data, licence, date,
	                            *   training; what is no text as JSON */
	int colours;               /**< in its painter's palette; 0: it has none */
	const uint8_t (*palette)[3]; /**< sRGB */
	const char *json;          /**< all of this as one JSON object, for tools: family, use,
	                            *   parameters, inputs, outputs, and metadata, the file's own
	                            *   object */
	int labels;                /**< that can be asked for in fv_generate_options; 0: none */
	const char *const *label;  /**< their names */
} fv_description;

/** Describe a model.
 *  @param out  yours, with all that it points to: fv_description_free(); it does not need the model
 *  @return FV_OK, FV_E_MEMORY
 *  Since 0.1. Code: src/model/describe.c */
FV_API fv_status fv_model_describe(fv_err *err, const fv_model *m, fv_description **out);
FV_API void fv_description_free(fv_description *d);

/** What batch norm goes by, of a model that has it (pix2pix'). */
typedef enum {
	FV_NORM_DEFAULT,           /**< FV_NORM_PICTURE; of a model without batch norm nothing */
	FV_NORM_PICTURE,           /**< the picture's own mean and variance */
	FV_NORM_PUBLISHED,         /**< the same, and dropout as in training: each seed and picture has
	                            *   its own draws; as pix2pix' authors paint */
	FV_NORM_RUNNING,           /**< those that training's pictures had on average */
} fv_norm;

/** Options of painting; begin with FV_PAINT_DEFAULTS (NULL means the same). */
typedef struct fv_paint_options {
	size_t size;               /**< sizeof(fv_paint_options) */
	float strength;            /**< 0 the photograph, 1 all paint, up to 1.3: beyond it */
	uint64_t seed;             /**< of where strokes lie, beside the picture itself: the same
	                            *   seed and pixels, the same painting; each picture has its
	                            *   own strokes */
	int64_t max_memory;        /**< bytes that painting may take beside the pictures and the
	                            *   model; 0: any. With less than a picture needs at once it
	                            *   is painted in bands, which takes longer and gives the
	                            *   same picture but for rounding; FV_E_MEMORY when that is
	                            *   not enough either */
	float strokes;             /**< how wide the widest brush is, as a share of the picture's
	                            *   longer side, up to 0.5; 0: such that a painting seen as a
	                            *   whole looks painted (0.034) */
	float detail;              /**< 0..1: how near finer brushes come to the photograph: 0
	                            *   wide strokes alone, 1 fine ones wherever something is
	                            *   fine */
	const fv_pixels *flow;     /**< NULL, or a picture of any size, stretched over this one,
	                            *   whose colours say where strokes run: the hue is twice the
	                            *   angle (red: level, cyan: upright), grey leaves it to the
	                            *   photograph */
	float palette;             /**< whose colours: 0 the photograph's, 0.5 the painter's as
	                            *   the network makes them, 1 those of the painter's
	                            *   paintings, whatever the photograph; above 0.5 the model
	                            *   must know its palette */
	float relief;              /**< 0.25..4: how strongly neighbouring strokes differ, times
	                            *   what the style asks for */
	fv_norm norm;              /**< other than FV_NORM_DEFAULT only for a model with batch norm */
	const fv_pixels *mask;     /**< NULL: all is painted; or a picture of any size, grey or in
	                            *   colour, stretched over this one: where it is white all of
	                            *   strength counts, where it is black or transparent none */
	const fv_pixels *base;     /**< NULL: the input; or a picture of its size, channels and
	                            *   bits onto which what painting changes is added: several
	                            *   styles one after the other, each with its mask or its
	                            *   share of the strength; may be out's own data */
	bool colour_only;          /**< the photograph itself in the painter's colours, without his
	                            *   brush; wants a palette above 0.5 */
} fv_paint_options;
#define FV_PAINT_DEFAULTS { .size = sizeof(fv_paint_options), .strength = 1, .detail = 0.75f, .palette = 0.5f, .relief = 1 }

/** Paint one picture.
 *  @param in   any size, 3 or 4 channels, 8 or 16 bits, sRGB
 *  @param out  same width, height, channels and bits; data yours; may be in's own data
 *  @return FV_OK, FV_E_ARGUMENT, FV_E_SHAPE, FV_E_FORMAT (the model's weights are so large that it
 *          paints NaN), FV_E_MEMORY, FV_E_CANCELLED; on failure out is unchanged
 *  Alpha is copied. Below 32 pixels a side the picture is padded by replication, painted, cropped. */
FV_API fv_status fv_paint(fv_err *err, const fv_model *m, const fv_pixels *in,
                          const fv_paint_options *opt, fv_pixels *out);

/** A model that paints many pictures: what it prepares for one it uses again for the next of the
 *  same size, as frames of a film are. The paintings are fv_paint()'s, bit for bit. By one thread
 *  at a time; m must outlive it. */
typedef struct fv_painter fv_painter;
/** @param out  yours; free with fv_painter_free()
 *  @return FV_OK, FV_E_MEMORY */
FV_API fv_status fv_painter_new(fv_err *err, const fv_model *m, fv_painter **out);
FV_API void fv_painter_free(fv_painter *p);
/** fv_paint(), which see. Of max_memory it also holds up to 128 MB of weights in another order,
 *  from the second picture of a size on. */
FV_API fv_status fv_painter_paint(fv_err *err, fv_painter *p, const fv_pixels *in,
                                  const fv_paint_options *opt, fv_pixels *out);
/** Bytes that it holds between two pictures. */
FV_API int64_t fv_painter_bytes(const fv_painter *p);

/** Options of generating; begin with FV_GENERATE_DEFAULTS (NULL means the same). */
typedef struct fv_generate_options {
	size_t size;               /**< sizeof(fv_generate_options) */
	uint64_t seed;             /**< of the noise: same model and seed, same pictures; the
	                            *   first of many are what a few would be */
	int label;                 /**< of a model with labels: 1 for pictures of the first, and so
	                            *   on; 0: each picture has the next one's */
	int64_t stops;             /**< 0: each picture is of noise of its own; else they are a walk
	                            *   through the noises of the first so many pictures and back to
	                            *   the first of them, at an even pace along great circles,
	                            *   labels fading from stop to stop */
} fv_generate_options;
#define FV_GENERATE_DEFAULTS { .size = sizeof(fv_generate_options) }

/** What a model makes from noise.
 *  @param out  width, height, channels (1 grey or 3 RGB), bits (8), stride_bytes of packed rows;
 *              data NULL
 *  @return FV_OK, FV_E_ARGUMENT (it makes no pictures from noise), FV_E_MEMORY
 *  Since 0.1. Code: src/paint/generate.c */
FV_API fv_status fv_generate_size(fv_err *err, const fv_model *m, fv_pixels *out);
/** Pictures from noise.
 *  @param count  1 to 1000000
 *  @param out    count pictures of the size that fv_generate_size() says; data and stride yours
 *  @return FV_OK, FV_E_ARGUMENT (also a label that the model lacks), FV_E_SHAPE, FV_E_FORMAT (the
 *          model's weights are so large that it makes NaN), FV_E_MEMORY, FV_E_CANCELLED; on failure
 *          some of out may be written */
FV_API fv_status fv_generate(fv_err *err, const fv_model *m, const fv_generate_options *opt,
                             int64_t count, const fv_pixels *out);

/** Options of a contact sheet; begin with FV_SHEET_DEFAULTS (NULL means the same). */
typedef struct fv_sheet_options {
	size_t size;               /**< sizeof(fv_sheet_options) */
	int columns;               /**< pictures in a row; 0: as many as make a square */
	int64_t max_side;          /**< pixels of the sheet's longer side, and in all; 0: any.
	                            *   Cells shrink until it fits */
	int64_t max_pixels;
} fv_sheet_options;
#define FV_SHEET_DEFAULTS { .size = sizeof(fv_sheet_options) }

/** How large a sheet of pictures is: cells as large as the largest of them, or less, white between.
 *  @param pictures  1, 3 or 4 channels (alpha is left out), 8 or 16 bits, any sizes; data may be
 *                   NULL
 *  @param out       width, height, channels (3), bits (8), stride_bytes of packed rows; data NULL
 *  @return FV_OK, FV_E_ARGUMENT (no pictures, negative options), FV_E_SHAPE, FV_E_LIMIT (cells of
 *          one pixel are too many)
 *  Since 0.1. Code: src/eval/sheet.c */
FV_API fv_status fv_sheet_size(fv_err *err, const fv_pixels *pictures, int count,
                               const fv_sheet_options *opt, fv_pixels *out);
/** Draw it.
 *  @param out  of the size that fv_sheet_size() says for the same pictures and options; data and
 *              stride yours
 *  @return what that returns, and FV_E_MEMORY */
FV_API fv_status fv_sheet_draw(fv_err *err, fv_context *c, const fv_pixels *pictures, int count,
                               const fv_sheet_options *opt, const fv_pixels *out);

/** Options of measuring; begin with FV_EVALUATOR_DEFAULTS (NULL means the same). */
typedef struct fv_evaluator_options {
	size_t size;               /**< sizeof(fv_evaluator_options) */
	const fv_model *const *network;
	                           /**< models that look (features/vgg16.safetensors, opened by a
	                            *   context of full precision): by them strokes and whole
	                            *   pictures are judged.
	                            *   They must outlive the evaluator */
	int networks;              /**< 0: only pixels are looked at; 1; 2: the second shows what
	                            *   only pleases a teacher */
	int most;                  /**< pairs whose strokes are looked at, the first; 0: all */
	bool floors;               /**< what needs no learning is measured too: the photographs
	                            *   themselves ("identity"), with the paintings' colours
	                            *   ("reinhard"), with the histograms of their bands
	                            *   ("bands") */
	void (*progress)(void *user, const char *what, double done);
	                           /**< now and then, with the share done of what it says */
	void *user;
	bool strokes;              /**< the networks look at strokes, at 512 pixels: what takes
	                            *   longest */
	bool features;             /**< and at whole pictures, at 256: KID and Frechet distance of
	                            *   features, of all pictures */
	const char *lpips;         /**< a .safetensors with LPIPS' weights (docs/yardstick.md), for
	                            *   pairs of photograph and painting; NULL: none */
} fv_evaluator_options;
#define FV_EVALUATOR_DEFAULTS \
	{ .size = sizeof(fv_evaluator_options), .floors = true, .strokes = true, .features = true }

/** How good are painted pictures? What `fauve eval` measures, from pictures in memory;
 *  docs/yardstick.md says how to read it. An evaluator is given real paintings, then measures sets
 *  of pictures against them. By one thread at a time. */
typedef struct fv_evaluator fv_evaluator;
/** @param out  yours: fv_evaluator_free()
 *  @return FV_OK, FV_E_ARGUMENT (a model that does not look, more than two), FV_E_MEMORY */
FV_API fv_status fv_evaluator_new(fv_err *err, fv_context *c, const fv_evaluator_options *opt,
                                  fv_evaluator **out);
FV_API void fv_evaluator_free(fv_evaluator *e);

/** Real paintings: those to compare with ("paintings", two at least where strokes are looked at),
 *  and others that are measured as if they had been painted: the best that could be reached
 *  ("real"). */
typedef enum { FV_SET_PAINTINGS, FV_SET_REAL } fv_evaluator_set;
/** Add pictures to a set; they are looked at, and not needed afterwards.
 *  @param pictures  RGB, 8 bits, any sizes
 *  @param strokes   their strokes are looked at too, which takes longest
 *  @return FV_OK, FV_E_SHAPE, FV_E_MEMORY, FV_E_CANCELLED: after an error the evaluator can only be
 *          freed */
FV_API fv_status fv_evaluator_add(fv_err *err, fv_evaluator *e, fv_evaluator_set set,
                                  const fv_pixels *pictures, int count, bool strokes);

/** One figure of one set. */
typedef struct fv_figure {
	const char *set;           /**< "painted", "identity", "reinhard", "bands", "real",
	                            *   "paintings" */
	const char *name;          /**< "swd", "auc", "ssim", "chroma", "hand", "near", "coh2",
	                            *   "coh2_off"; "feature_kid", "feature_frechet": of the
	                            *   networks' features, which are not Inception's;
	                            *   "feature_paintings": how many paintings those are against;
	                            *   "lpips"; "second_hand": by the second network. Of the
	                            *   paintings feature_ is one half against the other */
	double value;              /**< NAN: too few pictures, or none of that kind, for this one */
	int n;                     /**< pictures that it is of; every figure moves with it:
	                            *   compare equal n only */
} fv_figure;
typedef struct fv_evaluation { int count; const fv_figure *figure; } fv_evaluation;
/** Measure painted pictures, or pictures made of nothing.
 *  @param photos   RGB, 8 bits, any sizes; NULL: there are none, and neither are floors and what
 *                  is kept of them
 *  @param painted  what was painted from each, of its size; RGB, 8 bits
 *  @param out      yours: fv_evaluation_free()
 *  @return FV_OK, FV_E_ARGUMENT (no pictures, or no paintings to compare with), FV_E_SHAPE,
 *          FV_E_MEMORY, FV_E_CANCELLED: after an error the evaluator can only be freed
 *  Since 0.1. Code: src/eval/evaluator.c */
FV_API fv_status fv_evaluator_measure(fv_err *err, fv_evaluator *e, const fv_pixels *photos,
                                      const fv_pixels *painted, int count, fv_evaluation **out);
FV_API void fv_evaluation_free(fv_evaluation *v);

/* ------------------------------------------------------------------ training */

/** Where a training stands. Everything in it is borrowed until the callback returns. */
typedef struct fv_train_progress {
	size_t size;               /**< sizeof(fv_train_progress), as the library knows it */
	int64_t step, steps;       /**< done; in all; 0 of 0 before the first step, while material is made ready */
	double done;               /**< 0 to 1, of the steps or of making ready */
	int losses;                /**< how many names and values follow */
	const char *const *name;   /**< the losses' names, as stats.jsonl has them */
	const double *loss;        /**< of the last step; NaN where it had none */
	const char *text;          /**< all this as a line for people */
	const char *metric;        /**< what is measured while it trains; NULL: nothing is, or not
	                            *   yet */
	double value, best;        /**< of the last measurement, and the best so far; NaN: it could
	                            *   not be told */
	int64_t best_step;         /**< of which step best.safetensors is */
} fv_train_progress;

/** What to train, and who is told; zero everything, set size, then what you want. Callbacks come from the calling thread, decode from
 *  others too; each may be NULL but where said. */
typedef struct fv_train_options {
	size_t size;               /**< sizeof(fv_train_options) */
	const char *recipe;        /**< "style", "dense", ...; NULL: go on with the run in the folder, whatever its recipe */
	const char *run;           /**< the run's folder; made when missing, kept by one training at a time */
	const char *const *options; /**< "name=value" texts, ended by NULL, as fv_recipes_list() lists them: "steps=50", "time=20m",
	                            *   "art=paintings". One that may be given several times stands several times. NULL: none */
	void (*line)(void *user, const char *line); /**< a sentence for people: what was found, how long it will take */
	/** After every step, and while material is made ready; false stops with FV_E_CANCELLED, after a checkpoint. */
	bool (*progress)(void *user, const fv_train_progress *p);
	/** Write `count` pictures (RGB, 8 bits) side by side, so many in a row, as `path`, a .jpg. NULL: no previews are made. */
	fv_status (*sheet)(void *user, fv_err *err, const char *path, const fv_pixels *pictures, int count, int columns);
	/** Decode a picture file to RGB, 8 bits, its longest side at most `longest` pixels; out->data comes from malloc() and becomes
	 *  the library's. NULL is refused where the data are pictures; idx files need none. */
	fv_status (*decode)(void *user, fv_err *err, const char *path, int64_t longest, fv_pixels *out);
	/** Where that is which an option names without being a path ("features", "vgg16"), or, with name NULL, the data that come with
	 *  the program ("photos"). NULL: names are paths. */
	fv_status (*find)(void *user, fv_err *err, const char *option, const char *name, char *path, size_t room);
	void *user;                /**< handed to each of them */
	const char *copy;          /**< a file that gets one more copy of the model with each checkpoint; its folder is there */
	/** As the last thing, when it has stopped: by "steps" or "time" (all are done), "until"
	 *  (good enough), "plateau" (no better for `patience` measurements), "user", "not finite";
	 *  and why, as a sentence. NULL: run.json says so too. Since 0.1 */
	void (*stopped)(void *user, const char *by, const char *why);
} fv_train_options;

/** Train until the steps are done. In a folder that holds a run the same call goes on with it, to the same bytes as if it had never
 *  stopped: options that are not given are the run's; one that may change (time, steps, until,
 *  patience, preview-every, checkpoint-every, max-memory, name; fv_recipes_list() says which) takes
 *  effect; another that differs is an error that names both values. With recipe NULL, time says how
 *  long to go on; with a recipe, how long in all. The folder gets model.safetensors with each checkpoint, and as its
 *  last act: fv_model_open() reads it.
 *
 *  With "until=swd<70" it stops when what the model makes of pictures that it does not learn from
 *  is good enough by that figure (fv_evaluator_measure(), set "painted"), with "measure=swd" it
 *  only measures; both keep the best model as best.safetensors. With "patience=5" five measurements
 *  that are no better stop it.
 *  @param c  carries threads, precision and cancel, which does what progress returning false does
 *  @return FV_OK, FV_E_ARGUMENT (recipe, option, value), FV_E_READ, FV_E_FORMAT, FV_E_LIMIT (the data, or what the folder holds),
 *          FV_E_WRITE, FV_E_MEMORY, FV_E_CANCELLED (the run can go on), FV_E_INTERNAL (losses stayed infinite after rollbacks)
 *  Since 0.1. Example: docs/examples/train.c */
FV_API fv_status fv_train(fv_err *err, fv_context *c, const fv_train_options *opt);

/** Which recipes there are and which options each has, as JSON:
 *  {"recipes": [{"name", "help", "paints", "presets": [{"name", "help"}], "options": [option]}], "options": [those of all]};
 *  an option: {"name", "type": "text|texts|int|float|duration|size|choice|flag", "help", "default", "low", "high", "choices",
 *  "needed", "changes" (when a run goes on), "path" ("file" or "folder")}, what does not apply left out.
 *  @param json  yours; free with fv_text_free()
 *  @return FV_OK, FV_E_MEMORY. Since 0.1 */
FV_API fv_status fv_recipes_list(fv_err *err, fv_context *c, char **json);
FV_API void fv_text_free(fv_context *c, char *text);

#ifdef __cplusplus
}
#endif
#endif
