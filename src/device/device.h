/* SPDX-License-Identifier: Apache-2.0 */
/* A device is where programs run: a folder of this one that ends in a record. What stands above knows a program by
 * its ports' names (program.h) and a variable by its store; no address of a device's memory leaves this folder. */
#ifndef FV_DEVICE_H
#define FV_DEVICE_H
#include "device/program.h"

typedef enum { FV_DEVICE_PROCESSOR, FV_DEVICE_DISCRETE, FV_DEVICE_INTEGRATED, FV_DEVICE_SOFTWARE } fv_device_kind;

typedef struct {
	char name[96], driver[64];
	fv_device_kind kind;
	int64_t memory, block;          /* bytes: in all, and of the largest allocation; 0: not known */
} fv_device_facts;

/* Memory for variables. host: where it lies for this process, NULL: on the device only; at: its place there. */
typedef struct fv_block { void *host; uint64_t at; int64_t bytes; } fv_block;

/* A compiled graph, of a device's own making. */
typedef struct fv_code fv_code;

typedef struct fv_device_type {
	const char *name;               /* "cpu" */
	/* Fills facts of at most `room` devices, returns how many there are. */
	int (*list)(fv_device_facts *facts, int room);
	fv_status (*open)(fv_err *err, fv_context *c, int which, fv_device **out);
	void (*close)(fv_device *d);

	/* ---- memory of variables: zeroed, aligned to FV_ALIGN. `from` and `to` are the caller's. */
	fv_status (*alloc)(fv_err *err, fv_device *d, int64_t bytes, fv_block *out);
	void (*free)(fv_device *d, fv_block *b);
	fv_status (*put)(fv_err *err, fv_device *d, const fv_block *b, int64_t at, int64_t bytes, const void *from);
	fv_status (*get)(fv_err *err, fv_device *d, const fv_block *b, int64_t at, int64_t bytes, void *to);

	/* ---- kernels. Would the one that is best for `was` do n as well, and be best for it? A pass asks before it
	 * changes an operation (graph/pass_norm.c). */
	bool (*same_kernel)(fv_device *d, const fv_node *was, const fv_node *n);
	/* Times every kernel that can run n, on made-up numbers, `span` seconds each at least. */
	fv_status (*race)(fv_err *err, fv_device *d, const fv_node *n, double span, fv_race_line line, void *user);

	/* ---- programs. The graph's passes have run; it outlives the code. share: of a program whose memory this one may
	 * work in, or NULL. A node is an input, a random fill (put: it is no longer drawn) or an output. */
	fv_status (*compile)(fv_err *err, fv_device *d, fv_graph *g, const fv_program_options *opt, fv_code *share, fv_code **out);
	void (*drop)(fv_code *p);
	fv_status (*write)(fv_err *err, fv_code *p, const fv_node *n, int64_t at, int64_t bytes, const void *from);
	fv_status (*read)(fv_err *err, fv_code *p, const fv_node *n, int64_t at, int64_t bytes, void *to);
	fv_status (*run)(fv_err *err, fv_code *p, fv_key key);
	fv_status (*prepack)(fv_err *err, fv_code *p, int64_t most);
	int64_t (*bytes)(const fv_code *p);
	/* A line for each call: fv_program_print(). */
	void (*times)(const fv_code *p, bool verbose, void (*line)(void *user, const char *text), void *user);
} fv_device_type;

/* Those of src/device/meson.build, ended by NULL. */
extern const fv_device_type *const fv_device_types[];

struct fv_device {
	const fv_device_type *type;
	fv_context *context;
	fv_device_facts facts;
};
#endif
