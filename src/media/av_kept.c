/* av_kept.c - packets beyond their reader's next call. */
#include "media/av_box.h"

#include "base/mem.h"

#include <string.h>

static AVFrame *copy_of(const AVFrame *f)
{
    AVFrame *copy = av_frame_alloc();
    if (!copy)
        return NULL;
    copy->format = f->format;
    copy->width = f->width;
    copy->height = f->height;
    if (av_frame_get_buffer(copy, AT_ALIGN) < 0 || av_frame_copy(copy, f) < 0 ||
        av_frame_copy_props(copy, f) < 0)
        av_frame_free(&copy);
    return copy;
}

int at_media_keep(at_media_kept *k, const at_media_packet *p)
{
    const int copied = p->kind == AT_MEDIA_VIDEO && at_box_is_last(p->frame);
    av_frame_free(&k->frame);
    if (p->kind == AT_MEDIA_VIDEO) {
        k->frame = copied ? copy_of(p->frame) : av_frame_clone(p->frame);
        if (!k->frame)
            return ATTUNE_E_NOMEM;
        /* the decoder's budget must not depend on who holds what, nor be asked after its end */
        av_buffer_unref(&k->frame->opaque_ref);
    }
    if (p->n > k->capacity) {
        at_free(k->pcm);
        k->pcm = at_alloc(p->n, sizeof *k->pcm);
        k->capacity = k->pcm ? p->n : 0;
        if (!k->pcm)
            return ATTUNE_E_NOMEM;
    }
    k->packet = *p;
    k->packet.frame = k->frame;
    for (int i = 0; copied && i < 3; i++) {
        k->packet.picture.plane[i] = k->frame->data[i];
        k->packet.picture.stride[i] = k->frame->linesize[i];
    }
    if (p->kind == AT_MEDIA_AUDIO) {
        memcpy(k->pcm, p->pcm, p->n * sizeof *p->pcm);
        k->packet.pcm = k->pcm;
    }
    return ATTUNE_OK;
}

void at_media_let_go_picture(at_media_kept *k)
{
    if (k->frame) /* else FFmpeg may not have been loaded */
        av_frame_free(&k->frame);
    k->packet.frame = NULL;
}

void at_media_let_go(at_media_kept *k)
{
    at_media_let_go_picture(k);
    at_free(k->pcm);
    *k = (at_media_kept){0};
}
