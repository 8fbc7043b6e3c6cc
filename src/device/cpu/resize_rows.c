/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/taps_fast.h"
TAPS_KERNEL(resize_rows, fv_op_resize, fv_resize_taps, false, only_f32);
