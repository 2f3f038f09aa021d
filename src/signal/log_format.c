#include "signal/log_format.h"

#include <stdio.h>

static const at_log_format *const formats[] = {
    &at_log_empatica,   &at_log_ibi,   &at_log_polar, &at_log_bids,
    &at_log_whatsapp,   &at_log_vtt,   &at_log_srt,   &at_log_zoom,
    &at_log_zoom_cloud, &at_log_jsonl, &at_log_csv};

/* Up to its first byte of 0. */
static int read_head(at_log_rows *r, char head[AT_LOG_HEAD + 1], attune_error *err)
{
    int n = 0, c, rc = at_log_rows_rewind(r, err);

    if (rc < 0)
        return rc;
    while (n < AT_LOG_HEAD && (c = at_log_rows_byte(r)) != EOF)
        head[n++] = (char)c;
    head[n] = 0;
    return n < AT_LOG_HEAD ? at_log_rows_end(r, err) : ATTUNE_OK;
}

int at_log_format_find(const at_log_format **out, at_log_rows *r, int chat, attune_error *err)
{
    char head[AT_LOG_HEAD + 1];
    size_t i = 0;
    const int rc = read_head(r, head, err);

    if (rc < 0)
        return rc;
    while (formats[i]->use == (chat ? AT_LOG_SIGNALS : AT_LOG_CHATS) || !formats[i]->is(r, head))
        i++;
    *out = formats[i];
    return ATTUNE_OK;
}
