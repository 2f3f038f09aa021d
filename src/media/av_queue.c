#include "media/av.h"

#include "base/mem.h"

#include <string.h>

/* What a packet takes besides its data: so that many tiny ones are not free. */
enum { OVERHEAD = 256, FIRST_CAPACITY = 16 };

static int64_t cost(const AVPacket *p)
{
    return p->size + OVERHEAD;
}

/* Room for one more, in a ring that is put straight as it grows. */
static int reserve(at_av_queue *q)
{
    if (q->count < q->capacity)
        return 1;
    int capacity = q->capacity ? 2 * q->capacity : FIRST_CAPACITY;
    AVPacket **packet = at_alloc((size_t)capacity, sizeof(AVPacket *));
    if (!packet)
        return 0;
    for (int i = 0; i < q->count; i++)
        packet[i] = at_av_queue_at(q, i);
    at_free(q->packet);
    q->packet = packet;
    q->capacity = capacity;
    q->first = 0;
    return 1;
}

AVPacket *at_av_queue_at(const at_av_queue *q, int i)
{
    return q->packet[(q->first + i) % q->capacity];
}

int at_av_queue_push(at_av_queue *q, AVPacket *p)
{
    AVPacket *own = reserve(q) ? av_packet_alloc() : NULL;
    if (!own || av_packet_make_refcounted(p) < 0) {
        av_packet_free(&own);
        return 0;
    }
    av_packet_move_ref(own, p);
    q->packet[(q->first + q->count) % q->capacity] = own;
    q->count++;
    q->bytes += cost(own);
    return 1;
}

void at_av_queue_drop(at_av_queue *q)
{
    AVPacket *p = at_av_queue_at(q, 0);
    q->bytes -= cost(p);
    av_packet_free(&p);
    q->first = (q->first + 1) % q->capacity;
    q->count--;
}

void at_av_queue_free(at_av_queue *q)
{
    while (q->count > 0)
        at_av_queue_drop(q);
    at_free(q->packet);
    *q = (at_av_queue){0};
}
