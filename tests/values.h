/* SPDX-License-Identifier: Apache-2.0 */
/* What programs and variables hold, in the test's own memory: free(t.data). */
#ifndef VALUES_H
#define VALUES_H
#include "device/program.h"
#include <stdlib.h>

/* A copy of what the port has made, or zeros of its shape where it is one to put into. */
static inline fv_tensor port_values(fv_program *p, const char *port)
{
	fv_tensor t = { .shape = fv_scalar() };
	fv_program_port(p, port, &t.type, &t.shape);
	t.data = calloc((size_t)fv_elements(t.shape), 8);
	fv_program_get(NULL, p, port, t.data);
	return t;
}

static inline fv_tensor variable_values(const fv_variable *v)
{
	fv_tensor t = { v->type, v->shape, malloc((size_t)fv_variable_bytes(v)) };
	fv_variable_get(NULL, v, t.data);
	return t;
}

/* Puts them back and frees them. */
static inline void port_take(fv_program *p, const char *port, fv_tensor t)
{
	fv_program_put(p, port, t.data);
	free(t.data);
}

static inline void variable_take(fv_variable *v, fv_tensor t)
{
	fv_variable_put(NULL, v, t.data);
	free(t.data);
}
#endif
