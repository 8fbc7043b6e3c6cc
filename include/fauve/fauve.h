/* SPDX-License-Identifier: Apache-2.0 */
/** libfauve: open a model and paint a picture with it, or train one.
 *
 *  Errors: every call that can fail takes an fv_err, may be given NULL for it, and returns a
 *  status; the sentence says what, where, why and what to do. The library never prints, exits or
 *  aborts. Threads: a context may be used by one thread at a time; a model is immutable and may
 *  be shared. Ownership: "yours" is freed by you with the named call; everything else is borrowed. */
#ifndef FAUVE_H
#define FAUVE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FV_API __attribute__((visibility("default")))

/** What happened. fv_exit_code() gives the program's exit code for each. */
typedef enum {
	FV_OK = 0,
	FV_E_INTERNAL,  /**< a fault of fauve's own */
	FV_E_ARGUMENT,  /**< wrong use: an option or parameter */
	FV_E_SHAPE,     /**< sizes that do not fit together */
	FV_E_READ,      /**< an input cannot be read */
	FV_E_FORMAT,    /**< an input is not what it claims to be */
	FV_E_LIMIT,     /**< an input is over a limit in force */
	FV_E_WRITE,     /**< an output cannot be written */
	FV_E_MEMORY,    /**< not enough memory */
	FV_E_CANCELLED, /**< stopped by the caller */
	FV_E_PARTIAL,   /**< some of several inputs failed */
} fv_status;

/** The caller's error: the status and one line of text. Zero it or not, as you like. */
typedef struct fv_err {
	fv_status status;
	char text[1000];
} fv_err;

/** 0 done; 1 internal; 2 wrong use; 3 input; 4 output; 5 memory; 6 partial; 130 cancelled. */
FV_API int fv_exit_code(fv_status status);

/** The library's version, "0.1.0". */
FV_API const char *fv_version(void);

/** Where memory comes from. Both calls may come from the thread that calls the library only.
 *  alloc returns memory aligned to `align` (a power of two) or NULL. */
typedef struct fv_allocator {
	void *(*alloc)(void *user, size_t bytes, size_t align);
	void (*free)(void *user, void *memory);
	void *user;
} fv_allocator;

typedef enum { FV_LOG_ERROR, FV_LOG_WARNING, FV_LOG_INFO, FV_LOG_DEBUG } fv_log_level;

/** Options of a context; zero everything, set size, then what you want. */
typedef struct fv_context_options {
	size_t size;               /**< sizeof(fv_context_options) */
	int threads;               /**< 0: as many as the process may run on */
	const char *isa;           /**< ref, plain, avx2, avx512, amx; NULL: FAUVE_ISA, else all */
	const fv_allocator *allocator; /**< NULL: the C library's */
	void (*log)(void *user, fv_log_level level, const char *text);
	void *log_user;
	bool (*cancelled)(void *user); /**< asked between units of work; true stops with FV_E_CANCELLED */
	void *cancelled_user;
	bool bf16;                 /**< products of numbers rounded to bf16 where the processor has them: sooner,
	                            *   and off by some 1 % of a value; false: float throughout */
	bool exact;                /**< direct sums only, where fewer products with a little more rounding (Winograd) would be
	                            *   sooner: for number-for-number work */
	const char *cache;         /**< a file, made when it is not there: where two ways to compute are expected to be about as
	                            *   fast, painting times them once and keeps here which was; NULL: nothing is timed. Paintings
	                            *   of different choices differ by rounding */
	const char *limits;        /**< on what files from outside may hold, where other than those that `fauve doctor` prints are
	                            *   wanted: "header=64M,tensors=20000"; NULL: those. Since 0.1 */
} fv_context_options;

typedef struct fv_context fv_context;

/** A context carries threads, instruction set cap, memory, log and cancel.
 *  @param opt  NULL for defaults
 *  @param out  yours; free with fv_context_free() after everything made with it */
FV_API fv_status fv_context_new(fv_err *err, const fv_context_options *opt, fv_context **out);
FV_API void fv_context_free(fv_context *c);

/** Pixels: interleaved rows, sRGB. A view: it owns nothing. */
typedef struct fv_pixels {
	int64_t width, height;
	int channels;              /**< 3 (RGB) or 4 (RGB and alpha, not premultiplied) */
	int bits;                  /**< 8 (uint8_t) or 16 (uint16_t, host order) a channel */
	int64_t stride_bytes;      /**< from row to row */
	void *data;
} fv_pixels;

/** A model: a network and its weights. */
typedef struct fv_model fv_model;

/** Open a model file.
 *  @param path  a safetensors file with fauve's metadata
 *  @param out   yours; free with fv_model_free()
 *  @return FV_OK, FV_E_READ, FV_E_FORMAT (cut short, lying sizes, unknown family, weights that are NaN or
 *          infinite), FV_E_LIMIT, FV_E_MEMORY */
FV_API fv_status fv_model_open(fv_err *err, fv_context *c, const char *path, fv_model **out);
FV_API void fv_model_free(fv_model *m);

/** Options of painting; begin with FV_PAINT_DEFAULTS (NULL means the same). */
typedef struct fv_paint_options {
	size_t size;               /**< sizeof(fv_paint_options) */
	float strength;            /**< 0 the photograph, 1 all paint */
	uint64_t seed;             /**< of where strokes lie, beside the picture itself: the same seed and pixels, the
	                                same painting; each picture has its own strokes */
	int64_t max_memory;        /**< bytes that painting may take beside the pictures and the model; 0: any. With less than a picture
	                                needs at once it is painted in bands, which takes longer and gives the same picture but for
	                                rounding; FV_E_MEMORY when that is not enough either */
	float strokes;             /**< how wide the widest brush is, as a share of the picture's longer side, up to 0.5; 0: such that
	                                a painting seen as a whole looks painted (0.034) */
	float detail;              /**< 0..1: how near finer brushes come to the photograph: 0 wide strokes alone, 1 fine ones wherever something is fine */
	const fv_pixels *flow;     /**< NULL, or a picture of any size, stretched over this one, whose colours say where strokes run: the
	                                hue is twice the angle (red: level, cyan: upright), grey leaves it to the photograph */
	float palette;             /**< whose colours: 0 the photograph's, 0.5 the painter's as the network makes them, 1 those of the
	                                painter's paintings, whatever the photograph; above 0.5 the model must know its palette */
	float relief;              /**< 0.25..4: how strongly neighbouring strokes differ, times what the style asks for */
} fv_paint_options;
#define FV_PAINT_DEFAULTS { .size = sizeof(fv_paint_options), .strength = 1, .detail = 0.75f, .palette = 0.5f, .relief = 1 }

/** Paint one picture.
 *  @param in   any size, 3 or 4 channels, 8 or 16 bits, sRGB
 *  @param out  same width, height, channels and bits; data yours; may be in's own data
 *  @return FV_OK, FV_E_ARGUMENT, FV_E_SHAPE, FV_E_FORMAT (the model's weights are so large that it paints NaN), FV_E_MEMORY,
 *          FV_E_CANCELLED; on failure out is unchanged
 *  Alpha is copied. Below 32 pixels a side the picture is padded by replication, painted, cropped. */
FV_API fv_status fv_paint(fv_err *err, const fv_model *m, const fv_pixels *in,
                          const fv_paint_options *opt, fv_pixels *out);

/** A model that paints many pictures: what it prepares for one it uses again for the next of the same size, as frames
 *  of a film are. The paintings are fv_paint()'s, bit for bit. By one thread at a time; m must outlive it. */
typedef struct fv_painter fv_painter;
/** @param out  yours; free with fv_painter_free()
 *  @return FV_OK, FV_E_MEMORY */
FV_API fv_status fv_painter_new(fv_err *err, const fv_model *m, fv_painter **out);
FV_API void fv_painter_free(fv_painter *p);
/** fv_paint(), which see. Of max_memory it also holds up to 128 MB of weights in another order, from the second picture of
 *  a size on. */
FV_API fv_status fv_painter_paint(fv_err *err, fv_painter *p, const fv_pixels *in,
                                  const fv_paint_options *opt, fv_pixels *out);
/** Bytes that it holds between two pictures. */
FV_API int64_t fv_painter_bytes(const fv_painter *p);

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
} fv_train_options;

/** Train until the steps are done. In a folder that holds a run the same call goes on with it, to the same bytes as if it had never
 *  stopped: options that are not given are the run's; one that may change (time, steps, preview-every, checkpoint-every,
 *  max-memory, name) takes effect; another that differs is an error that names both values. With recipe NULL, time says how
 *  long to go on; with a recipe, how long in all. The folder gets model.safetensors with each checkpoint, and as its
 *  last act: fv_model_open() reads it.
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
