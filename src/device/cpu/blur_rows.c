/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/taps_fast.h"
TAPS_KERNEL(blur_rows, fv_op_blur, fv_blur_taps, false, only_f32);
