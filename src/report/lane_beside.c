/* lane_beside.c - curves of what was recorded beside pictures and sound: a signal's columns, and a chat. */
#include "report/lane.h"

#include <math.h>

at_ratio at_condition_of(const at_bin *b, int m)
{
    return (at_ratio){(double)b->condition[m], b->judged[m]};
}

static at_ratio signal_of(const at_bin *b, int i)
{
    return (at_ratio){(double)b->signal[i], b->signals[i]};
}

static at_ratio messages_of(const at_bin *b, int i)
{
    (void)i;
    return (at_ratio){(double)b->messages, b->with_chat};
}

static at_ratio chat_of(const at_bin *b, int i)
{
    return (at_ratio){(double)b->chat[i], b->with_chat};
}

static int signals(const at_stats *s)
{
    int n = 0;

    while (s->setup && s->setup->signals && n < ATTUNE_MAX_SIGNALS && s->setup->signals[n])
        n++;
    return n;
}

static int has_chat(const at_stats *s)
{
    return s->setup && s->setup->chat;
}

static int is_judged(const at_rows *r, int stream)
{
    int any = 0;

    for (int i = 0; i < r->bins; i++)
        any |= r->lane->bin[i].judged[stream] > 0;
    return any;
}

void at_rows_find_beside(at_rows *r)
{
    r->chats = r->judgeds = r->signals = 0;
    for (int i = 0; i < signals(r->s); i++)
        if (r->s->signal[i].moments > 0)
            r->signal[r->signals++] = i;
    for (int m = ATTUNE_MODALITIES; m < ATTUNE_STREAMS; m++)
        if (is_judged(r, m))
            r->judged[r->judgeds++] = m;
    for (int i = 0; i < AT_CHAT_CLASSES && has_chat(r->s); i++)
        if (r->s->chat[i] > 0)
            r->chat[r->chats++] = i;
}

const char *at_beside_title(const at_rows *r, at_curve_group group)
{
    const int is_chat = group == AT_CURVES_CHAT;
    const int rests = at_stats_weight(r->s, is_chat ? ATTUNE_CHAT : ATTUNE_SIGNAL) > 0;

    if (rests)
        return is_chat ? "Chat, by its words" : "Signal";
    return is_chat ? "Chat, by its words (no estimate rests on it)"
                   : "Signal (no estimate rests on it)";
}

int at_curves_beside(const at_rows *r)
{
    return r->judgeds + r->signals + (has_chat(r->s) ? 1 + r->chats : 0);
}

static at_curve condition_curve(int stream)
{
    const int is_chat = stream == ATTUNE_CHAT;

    return (at_curve){.group = AT_CURVES_TRUST,
                      .label = is_chat ? "chat condition" : "signal condition",
                      .what = "How much like what the fusion was trained with, and how much of the "
                              "window it covers; with trust it makes the weight",
                      .class = is_chat ? "cc" : "cb",
                      .value = at_condition_of,
                      .index = stream,
                      .most = 1,
                      .unit = "%"};
}

/* From the lowest to the highest value of all, with a little room. */
static at_curve signal_curve(const at_rows *r, int i)
{
    const at_signal_sums *of = &r->s->signal[i];
    const double low = (double)of->low, high = (double)of->high;
    const double room = high > low ? 0.05 * (high - low) : fmax(fabs(high) / 20, 1e-3);
    const int counts = r->s->setup->events >> i & 1;

    return (at_curve){.group = AT_CURVES_SIGNAL,
                      .label = r->s->setup->signals[i],
                      .what = counts ? "Events a second; dotted: the mean of all"
                                     : "Mean over the window, in its own unit; dotted: the mean of "
                                       "all",
                      .class = "cb",
                      .value = signal_of,
                      .index = i,
                      .least = counts ? 0 : low - room,
                      .most = high + room,
                      .unit = counts ? "/s" : ""};
}

static at_curve messages_curve(const at_rows *r)
{
    return (at_curve){.group = AT_CURVES_CHAT,
                      .label = "messages",
                      .what = "Messages within the window",
                      .class = "cc",
                      .value = messages_of,
                      .most = fmax(1, at_rows_highest(r, messages_of, 0)),
                      .unit = ""};
}

static at_curve chat_curve(int i)
{
    return (at_curve){.group = AT_CURVES_CHAT,
                      .label = at_chat_class(i),
                      .what = "How far the messages of the window speak of it, by their words",
                      .class = "cc",
                      .value = chat_of,
                      .index = i,
                      .most = 1,
                      .unit = "%"};
}

at_curve at_curve_beside(const at_rows *r, int i)
{
    const int n = r->signals;

    if (i < r->judgeds)
        return condition_curve(r->judged[i]);
    i -= r->judgeds;
    return i < n    ? signal_curve(r, r->signal[i])
           : i == n ? messages_curve(r)
                    : chat_curve(r->chat[i - n - 1]);
}
