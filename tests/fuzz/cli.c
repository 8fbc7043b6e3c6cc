/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: a word a line. */
#include "cli/cli.h"
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes + 1), *argv[300] = { "fauve" };
	int argc = 1;
	memcpy(text, data, bytes);
	text[bytes] = 0;
	for (char *at = text, *word; argc < (int)FV_COUNT(argv) - 1 && (word = strsep(&at, "\n"));)
		argv[argc++] = strdup(word);                    /* each a block of its own */
	char *kept[FV_COUNT(argv)];
	memcpy(kept, argv, sizeof kept);                        /* the parser moves words */
	fv_cli cli = { .isa = -1 };
	fv_parsed p;
	fv_err err = { 0 };
	if (!fv_parse(&err, argc, argv, &cli, &p)) {
		fuzz_must(p.command || p.help || p.version, "there is something to do");
		for (int i = 0; i < p.count; i++)
			fuzz_must(strlen(p.args[i]) <= bytes, "arguments are words");
		fv_parsed_free(&p);
	} else
		fuzz_must(*err.text, "a wrong line is told so");
	for (int i = 1; i < argc; i++)
		free(kept[i]);
	free(text);
	return 0;
}
