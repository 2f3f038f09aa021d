/* av_device.c - FFmpeg's cameras and microphones, loaded when one is asked for.
 *
 * Linked in, libavdevice brings eighty libraries of sound servers, windows and OpenGL with it, and
 * binding them takes longer than analysing the first window does. Its header says which version
 * this program was built for, and so the name to load.
 */
#include "media/av.h"

#include "base/error.h"
#include "media/media.h"

#include <dlfcn.h>
#include <libavdevice/avdevice.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libavdevice.so." AV_STRINGIFY(LIBAVDEVICE_VERSION_MAJOR)

/* ALSA tells standard error of every name that it tries. */
static void say_nothing(const char *file, int line, const char *function, int averr,
                        const char *fmt, ...)
{
    (void)file, (void)line, (void)function, (void)averr, (void)fmt;
}

static void hush_alsa(void)
{
    typedef void (*handler)(const char *, int, const char *, int, const char *, ...);
    int (*set)(handler) = NULL;
    void *library = dlopen("libasound.so.2", RTLD_NOW | RTLD_NOLOAD);
    if (library)
        *(void **)(void *)&set = dlsym(library, "snd_lib_error_set_handler");
    if (set)
        set(say_nothing);
    if (library)
        dlclose(library);
}

/* Never unloaded: FFmpeg keeps what is registered. Loading it again finds the first. */
static void *load(const char *path, attune_error *err)
{
    void (*register_all)(void) = NULL;
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library)
        *(void **)(void *)&register_all = dlsym(library, "avdevice_register_all");
    if (!register_all) {
        at_fail(err, ATTUNE_E_UNSUPPORTED,
                "%s: cameras and microphones need %s, which cannot be loaded", path, LIBRARY);
        return NULL;
    }
    register_all();
    hush_alsa();
    return library;
}

const AVInputFormat *at_av_device_format(const char *name, const char *path, attune_error *err)
{
    if (!load(path, err))
        return NULL;
    const AVInputFormat *format = av_find_input_format(name);
    if (!format)
        at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: this FFmpeg has no %s", path, name);
    return format;
}

/* ---- which there are ---------------------------------------------------------------------- */

typedef int (*list_call)(const AVInputFormat *, const char *, AVDictionary *, AVDeviceInfoList **);
typedef void (*free_call)(AVDeviceInfoList **);

typedef struct at_av_lister {
    list_call list;
    free_call let_go;
    void (*each)(void *user, const attune_device *d);
    void *user;
} at_av_lister;

/* ALSA lists what plays, too, and many names of each card; pulse the monitors of what plays. */
static int records(const AVDeviceInfo *d)
{
    return d->device_name && !strstr(d->device_name, ".monitor") &&
           strcmp(d->device_name, "null") != 0;
}

static int list_kind(const at_av_lister *l, const char *kind, const char *prefix)
{
    AVDeviceInfoList *found = NULL;
    const AVInputFormat *format = av_find_input_format(kind);
    int n = 0;
    if (!format || l->list(format, NULL, NULL, &found) < 0 || !found)
        return 0;
    for (int i = 0; i < found->nb_devices; i++) {
        const AVDeviceInfo *d = found->devices[i];
        char path[512];
        if (!records(d))
            continue;
        snprintf(path, sizeof path, "%s%s", prefix, d->device_name);
        const attune_device device = {.path = path,
                                      .label = d->device_description ? d->device_description : "",
                                      .camera = !*prefix};
        if (l->each)
            l->each(l->user, &device);
        n++;
    }
    l->let_go(&found);
    return n;
}

int attune_devices(void (*each)(void *user, const attune_device *d), void *user, attune_error *err)
{
    at_av_lister l = {.each = each, .user = user};
    int n = 0;
    const int rc = at_av_enter(err);
    if (rc < 0)
        return rc;
    void *library = load("devices", err);
    if (library) {
        *(void **)(void *)&l.list = dlsym(library, "avdevice_list_input_sources");
        *(void **)(void *)&l.let_go = dlsym(library, "avdevice_free_list_devices");
    }
    if (l.list && l.let_go)
        n = list_kind(&l, "v4l2", "") + list_kind(&l, "pulse", "pulse:") +
            list_kind(&l, "alsa", "alsa:");
    at_av_leave();
    return library ? n : ATTUNE_E_UNSUPPORTED;
}
