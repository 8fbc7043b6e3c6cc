/* SPDX-License-Identifier: Apache-2.0 */
#include "train/events.h"
#include "base/file.h"
#include "train/measure.h"
#include "train/run.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "events.out.tfevents."
#define SHEET_MOST (64 << 20)  /* bytes of a sheet */
#define RECORD_MOST (80 << 20) /* bytes of a record that was ours */

uint32_t fv_crc32c(uint32_t crc, const void *data, size_t bytes)
{
	crc = ~crc;
	for (const uint8_t *p = data; bytes--; p++) {
		crc ^= *p;
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

uint32_t fv_crc32c_masked(const void *data, size_t bytes)
{
	uint32_t crc = fv_crc32c(0, data, bytes);
	return (crc >> 15 | crc << 17) + 0xa282ead8;
}

/* ------------------------------------------------------------------ messages */
/* Bytes that grow; failed: there was no memory. */
typedef struct {
	fv_context *context;
	uint8_t *data;
	size_t bytes, room;
	bool failed;
} message;

static void put(message *m, const void *data, size_t bytes)
{
	if (m->bytes + bytes > m->room && !m->failed) {
		size_t room = 2 * (m->bytes + bytes) + 256;
		uint8_t *more = fv_alloc_rough(m->context, room);
		if (more && m->bytes)
			memcpy(more, m->data, m->bytes);
		fv_free(m->context, m->data);
		m->data = more;
		m->room = more ? room : 0;
		m->failed = !more;
	}
	if (m->failed)
		return;
	memcpy(m->data + m->bytes, data, bytes);
	m->bytes += bytes;
}

/* Little endian, whatever this machine is. */
static void put_number(message *m, uint64_t v, int bytes)
{
	uint8_t b[8];
	for (int i = 0; i < bytes; i++)
		b[i] = (uint8_t)(v >> 8 * i);
	put(m, b, (size_t)bytes);
}

static void put_varint(message *m, uint64_t v)
{
	for (; v > 127; v >>= 7)
		put_number(m, (v & 127) | 128, 1);
	put_number(m, v, 1);
}

/* A field's number and how it is written. */
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
static void put_key(message *m, int field, int how)
{
	put_varint(m, (uint64_t)(field << 3 | how));
}

static void put_bytes(message *m, int field, const void *data, size_t bytes)
{
	put_key(m, field, BYTES);
	put_varint(m, bytes);
	put(m, data, bytes);
}

static void put_float(message *m, int field, float v)
{
	uint32_t bits;
	memcpy(&bits, &v, sizeof bits);
	put_key(m, field, FIXED32);
	put_number(m, bits, 4);
}

/* Adds a Summary.Value to a summary: {1: tag, 2: number, 4: image}. */
static void add_scalar(message *summary, const char *group, const char *name, double v)
{
	message value = { .context = summary->context };
	char tag[120];
	snprintf(tag, sizeof tag, "%s/%s", group, name);
	put_bytes(&value, 1, tag, strlen(tag));
	put_float(&value, 2, (float)v);
	put_bytes(summary, 1, value.data, value.bytes);
	summary->failed = summary->failed || value.failed;
	fv_free(value.context, value.data);
}

/* Height and width of a JPEG, from its frame header; false: it has none. */
static bool jpeg_size(const uint8_t *p, size_t bytes, int *height, int *width)
{
	size_t at = 2;
	while (at + 9 < bytes && p[at] == 0xff) {
		int mark = p[at + 1];
		if (mark >= 0xc0 && mark <= 0xcf && mark != 0xc4 && mark != 0xc8 && mark != 0xcc) {
			*height = p[at + 5] << 8 | p[at + 6];
			*width = p[at + 7] << 8 | p[at + 8];
			return true;
		}
		at += 2 + (size_t)(p[at + 2] << 8 | p[at + 3]);
	}
	return false;
}

/* Summary.Image: {1: height, 2: width, 3: channels, 4: the file}. */
static void add_sheet(message *summary, const uint8_t *data, size_t bytes, int height, int width)
{
	message image = { .context = summary->context }, value = image;
	const int number[] = { height, width, 3 };
	for (int i = 0; i < 3; i++) {
		put_key(&image, i + 1, VARINT);
		put_varint(&image, (uint64_t)number[i]);
	}
	put_bytes(&image, 4, data, bytes);
	put_bytes(&value, 1, "sheet", 5);
	put_bytes(&value, 4, image.data, image.bytes);
	put_bytes(summary, 1, value.data, value.bytes);
	summary->failed = summary->failed || image.failed || value.failed;
	fv_free(image.context, image.data);
	fv_free(value.context, value.data);
}

/* ------------------------------------------------------------------ files */
struct fv_events {
	int fd;
	char path[FV_PATH_MAX];
};

/* Event: {1: wall time, 2: step, 3: version, 5: summary}. */
static fv_status write_event(fv_err *err, fv_run *r, int field, const void *data, size_t bytes)
{
	struct fv_events *e = r->events;
	message event = { .context = r->context }, record = event;
	struct timespec now;
	double wall;
	uint64_t bits;
	clock_gettime(CLOCK_REALTIME, &now);
	wall = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
	memcpy(&bits, &wall, sizeof bits);
	put_key(&event, 1, FIXED64);
	put_number(&event, bits, 8);
	put_key(&event, 2, VARINT);
	put_varint(&event, (uint64_t)r->step);
	put_bytes(&event, field, data, bytes);
	put_number(&record, event.bytes, 8);
	if (!record.failed)
		put_number(&record, fv_crc32c_masked(record.data, 8), 4);
	put(&record, event.data, event.bytes);
	put_number(&record, event.failed ? 0 : fv_crc32c_masked(event.data, event.bytes), 4);
	fv_status st = event.failed || record.failed ? fv_fail_memory(err, e->path, bytes) : FV_OK;
	for (size_t n = 0; n < record.bytes && !st;) {
		ssize_t wrote = write(e->fd, record.data + n, record.bytes - n);
		if (wrote < 0 && errno != EINTR)
			st = fv_fail_write(err, e->path);
		n += wrote > 0 ? (size_t)wrote : 0;
	}
	fv_free(r->context, event.data);
	fv_free(r->context, record.data);
	return st;
}

static fv_status write_summary(fv_err *err, fv_run *r, message *summary)
{
	fv_status st = summary->failed  ? fv_fail_memory(err, r->events->path, summary->bytes)
		       : summary->bytes ? write_event(err, r, 5, summary->data, summary->bytes)
					: FV_OK;
	fv_free(summary->context, summary->data);
	return st;
}

/* The step of a record's event, as it is written above; 0: the file's first, which has none. */
static int64_t step_of(const uint8_t *p, size_t bytes)
{
	uint64_t step = 0;
	if (bytes < 11 || p[0] != 9 || p[9] != 16)
		return 0;
	for (size_t i = 10, shift = 0; i < bytes && shift < 63; i++, shift += 7) {
		step |= (uint64_t)(p[i] & 127) << shift;
		if (!(p[i] & 128))
			break;
	}
	return (int64_t)step;
}

/* Drops the records from the first on that is of a step behind r->step, or is not whole. */
static fv_status cut(fv_err *err, const fv_run *r, const char *path)
{
	int fd;
	size_t bytes = 0, at = 0;
	fv_status st = fv_file_open(err, path, FV_OPEN_MEMBER | FV_OPEN_WRITE, &fd, &bytes);
	if (st)
		return st;
	while (at + 16 <= bytes) {
		uint8_t head[12], event[32] = { 0 };
		uint64_t length = 0;
		if (pread(fd, head, sizeof head, (off_t)at) != sizeof head)
			break;
		for (int i = 0; i < 8; i++)
			length |= (uint64_t)head[i] << 8 * i;
		if (length > RECORD_MOST || length > bytes - at - 16)
			break;
		size_t n = (size_t)fv_min((int64_t)length, sizeof event);
		if (pread(fd, event, n, (off_t)(at + 12)) != (ssize_t)n ||
		    step_of(event, n) > r->step)
			break;
		at += 16 + (size_t)length;
	}
	if (at < bytes && ftruncate(fd, (off_t)at))
		st = fv_fail_write(err, path);
	close(fd);
	return st;
}

static fv_status cut_all(fv_err *err, const fv_run *r)
{
	char path[FV_PATH_MAX];
	fv_status st = FV_OK;
	DIR *d = opendir(r->folder);
	for (struct dirent *e; d && !st && (e = readdir(d));)
		if (!strncmp(e->d_name, PREFIX, strlen(PREFIX))) {
			snprintf(path, sizeof path, "%s/%s", r->folder, e->d_name);
			st = cut(err, r, path);
		}
	if (d)
		closedir(d);
	return st;
}

fv_status fv_events_open(fv_err *err, fv_run *r)
{
	static const char version[] = "brain.Event:2";
	if (!r->common.tensorboard)
		return FV_OK;
	fv_events_close(r);
	fv_status st = cut_all(err, r);
	if (st)
		return st;
	if (!(r->events = fv_alloc(r->context, sizeof *r->events)))
		return fv_fail_memory(err, "events", sizeof *r->events);
	struct fv_events *e = r->events;
	e->fd = -1;
	/* Readers take them in the order of their names: by time, which in one second counts on. */
	for (long long now = (long long)time(NULL), i = 0; i < 1000 && e->fd < 0; i++) {
		snprintf(e->path, sizeof e->path, "%s/" PREFIX "%010lld.%03lld.fauve", r->folder,
			 now, i);
		e->fd = open(e->path,
			     O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (e->fd < 0 && errno != EEXIST)
			break;
	}
	return e->fd < 0 ? fv_fail_write(err, e->path)
			 : write_event(err, r, 3, version, strlen(version));
}

void fv_events_close(fv_run *r)
{
	if (r->events && r->events->fd >= 0)
		close(r->events->fd);
	fv_free(r->context, r->events);
	r->events = NULL;
}

fv_status fv_events_step(fv_err *err, fv_run *r)
{
	message m = { .context = r->context };
	if (!r->events)
		return FV_OK;
	for (int i = 0; i < r->losses; i++)
		if (!isnan(r->loss[i]))
			add_scalar(&m, "loss", r->loss_name[i], r->loss[i]);
	for (int i = 0; i < FV_RATES; i++) {
		char name[80];
		double v;
		if (fv_run_rate(r, i, r->step, name, sizeof name, &v))
			add_scalar(&m, "rate", name, v);
	}
	return write_summary(err, r, &m);
}

fv_status fv_events_speed(fv_err *err, fv_run *r, double samples_per_second)
{
	message m = { .context = r->context };
	if (!r->events)
		return FV_OK;
	add_scalar(&m, "speed", "samples_per_second", samples_per_second);
	return write_summary(err, r, &m);
}

fv_status fv_events_metrics(fv_err *err, fv_run *r)
{
	message m = { .context = r->context };
	const char *name;
	json_t *v, *line = r->events ? fv_measure_line(r) : NULL;
	if (!r->events)
		return FV_OK;
	json_object_foreach(line, name, v) if (json_is_number(v) && strcmp(name, "n"))
		add_scalar(&m, "metric", name, json_number_value(v));
	json_decref(line);
	return write_summary(err, r, &m);
}

fv_status fv_events_sheet(fv_err *err, fv_run *r, const char *path)
{
	message m = { .context = r->context };
	void *data;
	size_t bytes;
	int height, width;
	if (!r->events || access(path, R_OK))
		return FV_OK;
	fv_status st =
		fv_file_read(err, r->context, path, FV_OPEN_MEMBER, SHEET_MOST, &data, &bytes);
	if (st)
		return st;
	if (jpeg_size(data, bytes, &height, &width))
		add_sheet(&m, data, bytes, height, width);
	fv_free(r->context, data);
	return write_summary(err, r, &m);
}
