/* av_jpegs.c - the JPEGs of one stranger, decoded in a child, or here. */
#include "media/av_box.h"

#include "base/error.h"
#include "base/mem.h"

struct at_media_jpegs {
    at_media_jpegs_options o;
    at_media media; /* what a box wants to know */
    at_box *box;    /* NULL: here */
};

int at_media_jpegs_open(at_media_jpegs **out, const at_media_jpegs_options *o, attune_error *err)
{
    static char name[] = "the picture";
    at_media_jpegs *j = at_calloc(1, sizeof *j);
    int rc = j ? at_av_enter(err) : at_fail_nomem(err);

    *out = NULL;
    if (rc < 0) {
        at_free(j);
        return rc;
    }
    *out = j;
    j->o = *o;
    j->media = (at_media){.path = name, .o = {.max_pixels = (int64_t)o->max_w * o->max_h}};
    if (!o->no_sandbox && at_confine_possible())
        rc = at_box_open_fed(&j->box, &j->media, o, err);
    if (rc < 0)
        at_media_jpegs_free(out);
    return rc;
}

void at_media_jpegs_free(at_media_jpegs **j)
{
    if (!*j)
        return;
    at_box_free(&(*j)->box);
    at_free(*j);
    *j = NULL;
    at_av_leave();
}

static int keep(at_media_kept *out, const at_media_packet *p, attune_error *err)
{
    return at_media_keep(out, p) < 0 ? at_fail_nomem(err) : ATTUNE_OK;
}

static int decode_there(at_media_jpegs *j, const void *data, size_t size, at_media_kept *out,
                        attune_error *err)
{
    at_media_packet p;
    int rc = at_box_feed(j->box, data, size, err);

    if (rc >= 0)
        rc = at_box_next(j->box, &p, err);
    if (rc >= 0 && (rc != 1 || p.kind != AT_MEDIA_VIDEO))
        return at_fail(err, ATTUNE_E_FORMAT, "the picture came to something else");
    return rc < 0 ? rc : keep(out, &p, err);
}

static int decode_here(const at_media_jpegs *j, const void *data, size_t size, at_media_kept *out,
                       attune_error *err)
{
    at_av_picture picture = {0};
    at_media_packet p = {.kind = AT_MEDIA_VIDEO};
    AVFrame *frame = av_frame_alloc();
    int rc = frame ? at_av_load_jpeg(data, size, j->o.max_w, j->o.max_h, frame, err)
                   : at_fail_nomem(err);

    if (rc >= 0)
        rc = at_av_lend_jpeg(&picture, frame, &p, err);
    if (rc >= 0)
        rc = keep(out, &p, err);
    at_av_picture_free(&picture);
    av_frame_free(&frame);
    return rc;
}

int at_media_jpegs_decode(at_media_jpegs *j, const void *data, size_t size, at_media_kept *out,
                          attune_error *err)
{
    if (size > j->o.max_bytes)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "the picture has %zu bytes; the most is %zu",
                       size, j->o.max_bytes);
    return j->box ? decode_there(j, data, size, out, err) : decode_here(j, data, size, out, err);
}
