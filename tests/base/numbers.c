/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that models and paintings rest on: another value here and the same --seed trains another model. */
#include "base/philox.h"
#include "test.h"

int main(void)
{
	check(fv_purpose("") == UINT64_C(1469598103934665603), "the hash begins elsewhere");
	check(fv_purpose("strokes") == UINT64_C(11759372780743730056), "a purpose has another number");
	fv_philox a = fv_philox_at(fv_purpose("strokes"), 1, 2), b = fv_philox_at(fv_purpose("strokes"), 1, 2);
	check(a.v[0] == b.v[0] && a.v[3] == b.v[3], "two draws at one place differ");
	return finish("numbers");
}
