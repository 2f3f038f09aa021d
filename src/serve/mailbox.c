#include "serve/mailbox.h"

#include "base/mem.h"

#include <string.h>

int64_t at_item_us(const at_item *item)
{
    return item->stream == AT_STREAM_AUDIO
               ? (int64_t)(item->size / 2) * 1000000 / AT_WIRE_SOUND_RATE
               : 0;
}

int at_item_rows(const at_item *item)
{
    switch (item->stream) {
    case AT_STREAM_SIGNAL: return (int)(item->size / sizeof(at_row));
    case AT_STREAM_CHAT: return 1;
    default: return 0;
    }
}

static int is_beside(const at_item *item)
{
    return item->stream >= AT_STREAMS;
}

static at_item remove_at(at_mailbox *m, int i)
{
    at_item item = m->item[i];

    m->n--;
    memmove(&m->item[i], &m->item[i + 1], (size_t)(m->n - i) * sizeof *m->item);
    m->pictures -= item.stream == AT_STREAM_VIDEO;
    m->besides -= is_beside(&item);
    m->sound_us -= at_item_us(&item);
    return item;
}

static int sounds(const at_mailbox *m)
{
    return m->n - m->pictures - m->besides;
}

static void drop(at_mailbox *m, int i)
{
    at_item item = remove_at(m, i);

    m->dropped_pictures += item.stream == AT_STREAM_VIDEO;
    m->dropped_sound_us += at_item_us(&item);
    m->dropped_beside += at_item_rows(&item);
    at_free(item.data);
}

static int oldest_sound(const at_mailbox *m)
{
    int i = 0;

    while (m->item[i].stream != AT_STREAM_AUDIO)
        i++;
    return i;
}

static int oldest_beside(const at_mailbox *m)
{
    int i = 0;

    while (!is_beside(&m->item[i]))
        i++;
    return i;
}

/* Of the pictures but the oldest: that whose neighbours are nearest to each other. The last one's is the
 * picture that comes now. */
static int least_missed(const at_mailbox *m, int64_t coming_us)
{
    int last = -1, one_before = -1, least = 0;
    int64_t gap, smallest = INT64_MAX;

    for (int i = 0; i <= m->n; i++) {
        if (i < m->n && m->item[i].stream != AT_STREAM_VIDEO)
            continue;
        gap = one_before < 0 ? INT64_MAX
                             : (i < m->n ? m->item[i].t_us : coming_us) - m->item[one_before].t_us;
        if (gap < smallest) {
            smallest = gap;
            least = last;
        }
        one_before = last;
        last = i;
    }
    return least;
}

void at_mailbox_put(at_mailbox *m, const at_item *item)
{
    if (item->stream == AT_STREAM_VIDEO && m->pictures == AT_MAILBOX_PICTURES)
        drop(m, least_missed(m, item->t_us));
    while (item->stream == AT_STREAM_AUDIO && sounds(m) > 0 &&
           (sounds(m) == AT_MAILBOX_SOUNDS || m->sound_us + at_item_us(item) > AT_MAILBOX_SOUND_US))
        drop(m, oldest_sound(m));
    if (is_beside(item) && m->besides == AT_MAILBOX_BESIDES)
        drop(m, oldest_beside(m));
    m->item[m->n++] = *item;
    m->pictures += item->stream == AT_STREAM_VIDEO;
    m->besides += is_beside(item);
    m->sound_us += at_item_us(item);
}

int at_mailbox_take(at_mailbox *m, at_item *out)
{
    if (m->n == 0)
        return 0;
    *out = remove_at(m, 0);
    return 1;
}

void at_mailbox_clear(at_mailbox *m)
{
    while (m->n > 0)
        at_free(remove_at(m, 0).data);
}
