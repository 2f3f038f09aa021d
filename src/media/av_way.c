/* av_way.c - how an input is opened: by which of FFmpeg's readers, and what that may reach. */
#include "media/av_reader.h"

#include "base/address.h"
#include "base/error.h"

#include <libavutil/avstring.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { VIDEO4LINUX = 81 }; /* the kernel's number for cameras: admin-guide/devices.txt */

static int is_there(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

int at_av_is_camera(const char *path)
{
    struct stat st;
    return strncmp(path, "/dev/video", 10) == 0 ||
           (stat(path, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) == VIDEO4LINUX);
}

/* kind, or kind:DEVICE. */
static int is_of_kind(const char *path, const char *kind)
{
    size_t n = strlen(kind);
    return strncmp(path, kind, n) == 0 && (path[n] == '\0' || path[n] == ':');
}

/* As attune_options.mic names it, unless a file is called so. */
static int is_microphone(const char *path)
{
    return (strcmp(path, "default") == 0 || is_of_kind(path, "pulse") ||
            is_of_kind(path, "alsa")) &&
           !is_there(path);
}

/* ---- devices ------------------------------------------------------------------------------ */

static int way_of_camera(at_media *m, const char *path, at_av_way *way, attune_error *err)
{
    *way = (at_av_way){.url = path, .formats = at_av_device_formats, .protocols = ""};
    way->format = at_av_device_format("v4l2", m->path, err);
    m->live = m->device = 1;
    return way->format ? 1 : ATTUNE_E_UNSUPPORTED;
}

/* channels: some hardware has one and cannot make two of it, some the other way about. */
static int add_microphone(at_media *m, const char *path, const char *kind, const char *channels,
                          at_av_way *way, attune_error *err)
{
    const char *device = strchr(path, ':');
    *way = (at_av_way){.url = device ? device + 1 : "default",
                       .formats = at_av_device_formats,
                       .protocols = "",
                       .channels = channels,
                       .name = kind};
    way->format = at_av_device_format(kind, m->path, err);
    return way->format != NULL;
}

/* The sound server first: it shares the microphone with others, and knows which is the usual one. */
static int ways_of_microphone(at_media *m, const char *path, at_av_way *way, attune_error *err)
{
    int any = strcmp(path, "default") == 0, n = 0;
    m->live = m->device = 1;
    if (any || is_of_kind(path, "pulse"))
        n += add_microphone(m, path, "pulse", "1", &way[n], err);
    if (any || is_of_kind(path, "alsa")) {
        n += add_microphone(m, path, "alsa", "2", &way[n], err);
        n += add_microphone(m, path, "alsa", "1", &way[n], err);
    }
    return n > 0 ? n : ATTUNE_E_UNSUPPORTED;
}

/* ---- addresses ---------------------------------------------------------------------------- */

/* RTSP is a format of FFmpeg's, the others are protocols. */
static int ffmpeg_has(const char *scheme)
{
    const char *name;
    void *position = NULL;
    if (strcmp(scheme, "rtsp") == 0 || strcmp(scheme, "rtsps") == 0)
        return av_find_input_format("rtsp") != NULL;
    while ((name = avio_enum_protocols(&position, 0)))
        if (strcmp(name, scheme) == 0)
            return 1;
    return 0;
}

static int way_of_address(at_media *m, const char *path, at_av_way *way, attune_error *err)
{
    char scheme[16] = "";
    size_t n = strcspn(path, ":");
    *way =
        (at_av_way){.url = path, .formats = at_av_live_formats, .protocols = at_av_live_protocols};
    if (!m->o.live)
        return at_fail(err, ATTUNE_E_ARG,
                       "%s: an address; the network is used only for live input (--live)", m->path);
    snprintf(scheme, sizeof scheme, "%.*s", (int)(n < sizeof scheme ? n : 0), path);
    if (!*scheme || !av_match_list(scheme, at_av_live_protocols, ','))
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: addresses of this kind are not read",
                       m->path);
    if (!ffmpeg_has(scheme))
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: this FFmpeg (%s) has no %s", m->path,
                       av_version_info(), scheme);
    m->remote = 1;
    way->rtsp = strncmp(scheme, "rtsp", 4) == 0;
    return 1;
}

/* ---- files -------------------------------------------------------------------------------- */

/* A file or a pipe. FFmpeg is not told its name: the content says what it is, and no name makes it
 * look for more. */
static int way_of_source(at_media *m, const char *path, at_av_way *way, attune_error *err)
{
    *way = (at_av_way){.url = "", .formats = at_av_formats, .protocols = ""};
    if (m->o.pcm_rate)
        way->format = av_find_input_format("s16le");
    int ret = strcmp(path, "-") != 0 ? at_av_path_check(path, err) : 0;
    if (ret == 0)
        ret = at_av_source_open(&m->source, path, at_av_interrupted, m, err);
    m->info.waits = 1;
    return ret < 0 ? ret : 1;
}

int at_av_ways(at_media *m, const char *path, at_av_way *way, attune_error *err)
{
    if (at_av_is_camera(path))
        return way_of_camera(m, path, way, err);
    if (m->o.live && is_microphone(path))
        return ways_of_microphone(m, path, way, err);
    if (at_address_is(path) && !is_there(path))
        return way_of_address(m, path, way, err);
    return way_of_source(m, path, way, err);
}
