/* SPDX-License-Identifier: Apache-2.0 */
/* What a core's multipliers can do at best: the yardstick of `fauve bench`. */
#ifndef FV_PEAK_H
#define FV_PEAK_H
#include "base/base.h"

typedef struct {
	const char *name;               /* of the instruction set */
	uint32_t needs;                 /* FV_ISA_ bits */
	/* Multiplies and adds in registers, `rounds` times; returns the flops done. sink: keeps the compiler honest. */
	double (*run)(int64_t rounds, float *sink);
} fv_peak;
/* One for each instruction set that convolutions are compiled for, ended by NULL; written by the build. */
extern const fv_peak *const fv_peaks[];
#endif
