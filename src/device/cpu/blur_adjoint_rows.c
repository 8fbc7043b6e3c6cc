/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/taps_fast.h"
TAPS_KERNEL(blur_adjoint_rows, fv_op_blur_adjoint, fv_blur_taps, true, only_f32);
