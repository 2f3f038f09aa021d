#include "serve/mailbox.h"

#include "base/mem.h"

#include <string.h>

int64_t at_item_us(const at_item *item)
{
    return item->stream == AT_STREAM_AUDIO
               ? (int64_t)(item->size / 2) * 1000000 / AT_WIRE_SOUND_RATE
               : 0;
}

static at_item remove_at(at_mailbox *m, int i)
{
    at_item item = m->item[i];

    m->n--;
    memmove(&m->item[i], &m->item[i + 1], (size_t)(m->n - i) * sizeof *m->item);
    m->pictures -= item.stream == AT_STREAM_VIDEO;
    m->sound_us -= at_item_us(&item);
    return item;
}

static int sounds(const at_mailbox *m)
{
    return m->n - m->pictures;
}

static void drop_oldest(at_mailbox *m, at_stream stream)
{
    int i = 0;
    at_item item;

    while (i < m->n && m->item[i].stream != stream)
        i++;
    if (i == m->n)
        return;
    item = remove_at(m, i);
    m->dropped_pictures += stream == AT_STREAM_VIDEO;
    m->dropped_sound_us += at_item_us(&item);
    at_free(item.data);
}

void at_mailbox_put(at_mailbox *m, const at_item *item)
{
    if (item->stream == AT_STREAM_VIDEO && m->pictures == AT_MAILBOX_PICTURES)
        drop_oldest(m, AT_STREAM_VIDEO);
    while (item->stream == AT_STREAM_AUDIO && sounds(m) > 0 &&
           (sounds(m) == AT_MAILBOX_SOUNDS || m->sound_us + at_item_us(item) > AT_MAILBOX_SOUND_US))
        drop_oldest(m, AT_STREAM_AUDIO);
    m->item[m->n++] = *item;
    m->pictures += item->stream == AT_STREAM_VIDEO;
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
