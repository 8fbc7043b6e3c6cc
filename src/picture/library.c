/* SPDX-License-Identifier: Apache-2.0 */
/* libvips, loaded when a picture wants it. */
#define FV_VIPS_NAMES
#include "picture/internal.h"
#include "base/base.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

fv_vips_functions fv_vips;

static struct {
	pthread_mutex_t lock;
	bool tried, loaded;
	char name[64], why[300];        /* why: it could not be loaded */
} library = { .lock = PTHREAD_MUTEX_INITIALIZER, .why = "libvips was not begun" };

static bool found(void)
{
	void *file = dlopen(FV_VIPS_FILE, RTLD_LAZY | RTLD_LOCAL);
	if (!file) {
		snprintf(library.why, sizeof library.why,
		         "libvips cannot be loaded: %.160s; install it (Debian: libvips42)",
		         dlerror());
		return false;
	}
	for (size_t i = 0; i < FV_COUNT(fv_vips_names); i++) {
		void *f = dlsym(file, fv_vips_names[i]);
		if (!f) {
			snprintf(library.why, sizeof library.why,
			         "%s has no %s; fauve needs libvips 8.14", FV_VIPS_FILE,
			         fv_vips_names[i]);
			return false;
		}
		memcpy((char *)&fv_vips + i * sizeof f, &f, sizeof f);
	}
	return true;
}

static bool load(void)
{
	if (!found())
		return false;
	g_log_set_default_handler(fv_vips_hear, NULL);
	if (vips_init(library.name)) {
		snprintf(library.why, sizeof library.why, "libvips could not be started: %.200s",
		         vips_error_buffer());
		return false;
	}
	vips_block_untrusted_set(TRUE);
	vips_cache_set_max(0);
	vips_concurrency_set(1);
	return true;
}

fv_status fv_picture_begin(fv_err *err, const char *name)
{
	/* libvips dlopens its modules (ImageMagick, Poppler, OpenSlide, ...) from $VIPSHOME/lib as
	 * it starts: 16 of 19 ms, for formats that are blocked here anyway. Where there is no such
	 * folder it does without. format.c fetches the one for HEIF. Said here, while there is one
	 * thread. */
	/* And large pictures stay in memory, where they are counted: none is left in a folder for
	 * temporary files. */
	if (setenv("VIPSHOME", "/nonexistent", 1) || setenv("VIPS_DISC_THRESHOLD", "1000g", 1))
		return fv_fail_memory(err, "environment", 100);
	snprintf(library.name, sizeof library.name, "%s", name);
	return FV_OK;
}

fv_status fv_vips_ready(fv_err *err)
{
	pthread_mutex_lock(&library.lock);
	if (!library.tried && *library.name) {
		library.tried = true;
		library.loaded = load();
	}
	bool loaded = library.loaded;
	pthread_mutex_unlock(&library.lock);
	return loaded ? FV_OK : fv_fail(err, FV_E_INTERNAL, "%s", library.why);
}

/* libvips stays: once it is shut down it decodes nothing more, and pictures may begin again. */
void fv_picture_end(void) { fv_child_end(); }

const char *fv_picture_library(void) { return fv_vips_ready(NULL) ? NULL : vips_version_string(); }
