/* av_media.c - a reader as others see it: FFmpeg here, or in a child that can do nothing else. */
#include "media/av_box.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

static int check_options(const at_media_options *o, const char *path, attune_error *err)
{
    if (o->no_video && o->no_audio)
        return at_fail(err, ATTUNE_E_ARG, "%s: neither video nor sound is asked for", path);
    if (o->pcm_rate && (o->pcm_rate < AT_MEDIA_PCM_MIN || o->pcm_rate > AT_MEDIA_PCM_MAX))
        return at_fail(err, ATTUNE_E_ARG, "%s: %d samples a second, not %d to %d", path,
                       o->pcm_rate, AT_MEDIA_PCM_MIN, AT_MEDIA_PCM_MAX);
    return 0;
}

/* m->box: a child that opens it already; or NULL. */
static int open_reader(at_media *m, const char *path, attune_error *err)
{
    if (m->box) {
        int ret = at_box_begin(m->box, m, err);
        if (ret != ATTUNE_E_STATE)
            return ret;
        at_box_free(&m->box);
        if ((ret = at_media_load_libraries(err)) < 0)
            return ret;
    }
    if (m->o.no_sandbox || !at_confine_possible())
        return at_av_open(m, path, err);
    return at_box_open(&m->box, m, path, err);
}

int at_media_open(at_media **out, const char *path, const at_media_options *o, attune_error *err)
{
    *out = NULL;
    int ret = o ? check_options(o, path, err) : 0;
    if (ret < 0)
        return ret;
    at_media *m = at_calloc(1, sizeof *m);
    if (!m)
        return at_fail_nomem(err);
    m->box = at_box_take_ahead(path, o);
    ret = m->box ? at_av_enter_frames(err) : at_av_enter(err);
    if (ret < 0) {
        at_box_free(&m->box);
        at_free(m);
        return ret;
    }
    ret = at_av_set(m, path, o, err);
    ret = ret < 0 ? ret : open_reader(m, path, err);
    if (ret < 0) {
        at_media_free(&m);
        return ret;
    }
    *out = m;
    return 0;
}

int at_media_next(at_media *m, at_media_packet *out, attune_error *err)
{
    return m->box ? at_box_next(m->box, out, err) : at_av_next(m, out, err);
}

void at_media_get_info(const at_media *m, at_media_info *out)
{
    if (m->box)
        at_box_get_info(m->box, out);
    else
        at_av_get_info(m, out);
}

void at_media_free(at_media **m)
{
    if (!m || !*m)
        return;
    at_box_free(&(*m)->box);
    if ((*m)->packet) /* else nothing was opened here, and FFmpeg may not have been loaded */
        at_av_close(*m);
    at_free((*m)->path);
    at_free(*m);
    *m = NULL;
    at_av_leave();
}
