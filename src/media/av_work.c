/* av_work.c - what may be decoded for a second of input: so no file is endless whose times stand still or creep, or
 * whose packets give nothing. What was decoded is owed, and paid off as the stream's time goes on; a leap of its clock
 * pays no more than is owed. */
#include "media/av_reader.h"

#include "base/error.h"

/* Pixels that decoders make, shown or not, and bytes that they are given: those of 8K at 60 pictures a second. */
#define PICTURES_A_SECOND (INT64_C(1) << 31)
/* The same of samples, of all channels: eight of 768 kHz, in four bytes each. */
#define SOUND_A_SECOND (INT64_C(1) << 25)

enum { SECONDS_OWED = 2 };

static void pay(at_av_stream *s, int64_t a_second)
{
    const double paid = (double)(s->end_us - s->paid_us) / AT_AV_SECOND * (double)a_second;
    s->owed = paid < (double)s->owed ? s->owed - (int64_t)paid : 0;
    s->paid_us = s->end_us;
}

void at_av_work_add_packet(at_av_stream *s, const AVPacket *p)
{
    const int64_t unseen = s->budget.own ? (int64_t)s->dec->width * s->dec->height : 0;
    atomic_fetch_add(&s->budget.work, p->size + unseen);
}

void at_av_work_add_sound(at_av_stream *s, const AVFrame *f)
{
    atomic_fetch_add(&s->budget.work, (int64_t)f->nb_samples * f->ch_layout.nb_channels);
}

int at_av_work_check(const at_media *m, at_av_stream *s, attune_error *err)
{
    const int pictures = s == &m->video;
    const int64_t a_second = pictures ? PICTURES_A_SECOND : SOUND_A_SECOND;
    if (m->live)
        return 0;
    pay(s, a_second);
    s->owed += atomic_exchange(&s->budget.work, 0);
    if (s->owed <= SECONDS_OWED * a_second)
        return 0;
    if (!pictures)
        return at_fail(
            err, ATTUNE_E_UNSUPPORTED,
            "%s: too much sound for its time; the most is that of eight channels of 768 kHz",
            m->path);
    return at_fail(err, ATTUNE_E_UNSUPPORTED,
                   "%s: too many pictures a second for their size (%dx%d pixels); the most is that "
                   "of 8K at 60 a second",
                   m->path, s->dec->width, s->dec->height);
}
