/* SPDX-License-Identifier: Apache-2.0 */
/* Stands for the process that reads a film: says what lies in $FAUVE_FUZZ_ANSWERS/answer.PASS,
 * whatever it is asked, and then as little as one that crashed. */
#include "film/wire.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	static char data[1 << 16];
	char path[4096];
	fv_film_request q;
	const char *folder = getenv("FAUVE_FUZZ_ANSWERS");
	if (!folder || read(FV_FILM_SOCKET, &q, sizeof q) != sizeof q)
		return 1;
	snprintf(path, sizeof path, "%s/answer.%d", folder, q.pass == FV_FILM_PACKETS);
	int fd = open(path, O_RDONLY);
	for (ssize_t n; fd >= 0 && (n = read(fd, data, sizeof data)) > 0;)
		if (write(FV_FILM_SOCKET, data, (size_t)n) != n)
			return 1;
	/* What main says must be read, or it is sent a signal. */
	shutdown(FV_FILM_SOCKET, SHUT_WR);
	while (read(FV_FILM_SOCKET, data, sizeof data) > 0);
	return 0;
}
