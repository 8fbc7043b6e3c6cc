/* SPDX-License-Identifier: Apache-2.0 */
/* yardstick_golden.py wrote this: numpy 2.4.6, Pillow 13.0.0, torch 2.15.0. */
/* near, hand, look, far, coh2, coh4, run, stroke, grain (off the paintings'), content, grey, skin: of the painted, the
 * photographs, other paintings */
static const double golden_vgg16[3][12] = {
	{ 1, 0.9692815, 1.149394, 1.542776, 0.9220238, 0.3839754, 0.0750056, 0.1358276, 0.3880524, 0.2227096, 5.586917, 13.66931 },
	{ 0, 46.91021, 46.83834, 59.44324, -15.00363, 0.364181, -3.639282, -6.166564, 116.2065, 1.000122, 3.838849, 0 },
	{ 1, 19.74426, 19.84596, 11.81802, 0.02443712, -0.234961, -0.3955273, -0.3655439, 0.7444529, NAN, NAN, NAN },
};
/* near, hand, look, far, coh2, coh4, run, stroke, grain (off the paintings'), content, grey, skin: of the painted, the
 * photographs, other paintings */
static const double golden_small[3][12] = {
	{ 1, -0.001466064, 0.005038918, -1.130181, 0.9220238, 0.3839754, 0.0750056, 0.1358276, 0.3880524, 0.317817, 5.586917, 13.66931 },
	{ 0, 47.16731, 56.69058, 74.58255, -15.00363, 0.364181, -3.639282, -6.166564, 116.2065, 0.9999996, 3.838849, 0 },
	{ 1, 15.80768, 10.7118, 4.610038, 0.02443712, -0.234961, -0.3955273, -0.3655439, 0.7444529, NAN, NAN, NAN },
};
/* mean of each kind's values: that both programs made the same */
static const double golden_means[3] = { 139.727342, 170.423385, 171.067094 };
