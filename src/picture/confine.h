/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_PICTURE_CONFINE_H
#define FV_PICTURE_CONFINE_H
#include <stdbool.h>

/* From now on this process can compute, take memory, start threads, read and write what
 * is open: no files, no network, no other programs. False: it cannot be had. */
bool fv_confine(void);
bool fv_confine_possible(void);
#endif
