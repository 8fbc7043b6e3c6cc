/* SPDX-License-Identifier: Apache-2.0 */
/* A family of networks is a file of this folder that ends in a record: all that the rest of fauve
 * knows of it. Reading, writing and proving a model, painting and generating go by the record; no
 * family's name is compared outside its own file (script/check-families). docs/add-a-network.md
 * says how to add one. */
#ifndef FV_FAMILY_H
#define FV_FAMILY_H
#include "base/json.h"
#include "fauve/fauve.h"
#include "net/net.h"

/* ---- parameters: what a network of the family is built from. Reading a model's metadata, writing
 * it and the sentence about a wrong value follow from the table. */
typedef enum {
	FV_PARAMETER_INT,               /* int */
	FV_PARAMETER_FLOAT,             /* double */
	FV_PARAMETER_BOOL,              /* bool */
	FV_PARAMETER_WORD,              /* an enum, the place of its word in `words` */
	FV_PARAMETER_INTS,              /* int[]; how many there are is an int at `count_at` */
	FV_PARAMETER_FLOATS,            /* double[], as above */
} fv_parameter_type;
#define FV_PARAMETER_MOST 8             /* numbers in a list */

typedef struct {
	const char *name;               /* key in the metadata; NULL ends a table */
	fv_parameter_type type;
	size_t at;                      /* offsetof in the family's config */
	size_t count_at;                /* of a list: offsetof its length in the config */
	int most;                       /* of a list: numbers that the config has room for */
	double low, high;               /* of a number, or of each in a list */
	const char *const *words;       /* ended by NULL */
	/* Default for a new network: the number, true as 1, the word's place, or a list's
	 * `presets` numbers. */
	double preset[FV_PARAMETER_MOST];
	int presets;
	bool optional;                  /* a file that does not name it means 0, false, the first
	                                 * word */
	const char *help;               /* what it is: no capital, no full stop */
} fv_parameter;

/* ---- signature: what goes in and comes out */
typedef struct {
	const char *name;               /* NULL ends a list */
	fv_port_kind kind;
	bool flat;                      /* N,channels; else N,H,W,channels */
	int channels;                   /* 0: the int at channels_at in the config; a map's are
	                                 * its own. A label's are how many there are: of none there
	                                 * is no port */
	size_t channels_at;
	size_t rows_at;                 /* of a flat image: the int in the config that says how many
	                                 * rows it has, 0 there means a square; 0 here: a square */
	double low, high;               /* range of an image's values */
	int multiple, least;            /* of H and W: multiples of it, at least so large; 0: 1 */
	int (*multiple_of)(const void *config); /* where the config says both; else NULL */
} fv_port;
#define FV_PORTS 5                      /* with the one that ends the list */

typedef struct {
	const char *name;               /* as it stands in a model's metadata */
	fv_use use;
	size_t bytes;                   /* of its config: a struct of the family's own */
	const fv_parameter *parameter;
	/* What the table cannot say of a config whose values are in their ranges; NULL: nothing. */
	fv_status (*check)(fv_err *err, const void *config);
	fv_port in[FV_PORTS], out[FV_PORTS];
	/* Appends the network: a node for each port. Its error is the graph's. */
	void (*build)(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out);
	fv_type stored;                 /* how a model file keeps its weights: FV_F32 or FV_F16 */
	/* Before painting, of a family with an input of marks: the dabs that it paints over. */
	fv_stroke_options (*strokes)(const void *config);
	bool relief;                    /* after painting: what is fine may be raised
	                                 * (paint/relief.c) */
	/* Of one that generates: numbers between its layers for one picture. It says how many
	 * pictures are made at once, and so which noise each is made of: it must not change. */
	int64_t (*floats)(const void *config);
	/* Refuses what an early fauve wrote, by its own sentence; asked about every file, whatever
	 * its family. NULL: there is none. */
	fv_status (*early)(fv_err *err, const char *family, json_t *network);
} fv_family;

/* Those of src/net/meson.build, ended by NULL. */
extern const fv_family *const fv_families[];
/* Those that recipes train and measures look through; others need no line here. */
extern const fv_family fv_family_animegan, fv_family_cartoongan, fv_family_dcgan, fv_family_dense,
	fv_family_resnet, fv_family_sincut, fv_family_strokenet, fv_family_unet, fv_family_vgg;

/* The family of a file's metadata. FV_E_FORMAT: unknown, or an early fauve's. */
fv_status fv_family_find(fv_err *err, const char *name, json_t *network, const fv_family **out);
/* Fills a config of f->bytes from the metadata. FV_E_FORMAT. */
fv_status fv_family_read(fv_err *err, const fv_family *f, json_t *network, void *config);
/* A config as it stands in the metadata; NULL: no memory. */
json_t *fv_family_json(const fv_family *f, const void *config);
/* That every value is in its range and they go together; FV_E_FORMAT. */
fv_status fv_family_check(fv_err *err, const fv_family *f, const void *config);
/* Every parameter's default; what the table does not name is left as it is. */
void fv_family_preset(const fv_family *f, void *config);
/* That it is for that, FV_PAINTS or FV_GENERATES. FV_E_ARGUMENT: for something else; the sentence
 * says what to do with it. */
fv_status fv_family_must(fv_err *err, const fv_family *f, fv_use use);

int fv_port_channels(const fv_port *p, const void *config);
/* A label's, of a network without labels. */
bool fv_port_missing(const fv_port *p, const void *config);
/* Labels of n pictures, each in its turn, one-hot: n,channels. */
fv_node *fv_port_labels(fv_graph *g, const fv_port *p, const void *config, int64_t n);
/* The place of the first port of that kind; -1: there is none. */
int fv_port_find(const fv_port *list, fv_port_kind kind);
int fv_port_multiple(const fv_port *p, const void *config);
int fv_port_least(const fv_port *p, const void *config);
/* n pixels of a side, enlarged to what the port takes. */
int64_t fv_port_side(const fv_port *p, const void *config, int64_t n);
/* Appends the network with an input for each of its ports that `in` leaves NULL, for h x w pixels:
 * multiples of what the ports want. `in` and `out` have FV_PORTS places. */
void fv_family_build(const fv_scope *s, const fv_family *f, const void *config, int64_t h,
                     int64_t w, fv_node **in, fv_node **out);
#endif
