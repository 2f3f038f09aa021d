#include "report/text.h"

#include "base/address.h"
#include "base/visible.h"

#include <math.h>
#include <string.h>

void at_text_html(FILE *f, const char *s)
{
    const char *start = s;
    size_t n;

    for (; s && *s; s += n) {
        const int shown = at_visible_char(start, s, &n);
        switch (shown ? *s : '?') {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '"': fputs("&quot;", f); break;
        case '\'': fputs("&#39;", f); break;
        case '?': fputc('?', f); break;
        default: fwrite(s, 1, n, f); break;
        }
    }
}

char *at_text_basename(char *dst, size_t size, const char *path)
{
    char part[512], name[4096];
    size_t end, start;

    path = at_address_name(name, sizeof name, path);
    end = strlen(path);

    while (end > 1 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/'; start--) {
    }
    if (start == end)
        start = 0; /* "/" */
    if (end - start >= sizeof part)
        end = start + sizeof part - 1;
    memcpy(part, path + start, end - start);
    part[end - start] = 0;
    return at_visible_copy(dst, size, part);
}

const char *at_text_clock(char text[AT_CLOCK_SIZE], double seconds, int tenths)
{
    long long t = llround(10 * fmin(fmax(seconds, 0), 9e9)); /* microseconds since 1970 will do */
    long long s;

    if (!tenths)
        t = (t + 5) / 10 * 10;
    s = t / 10;
    if (s >= 3600)
        snprintf(text, AT_CLOCK_SIZE, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, AT_CLOCK_SIZE, "%lld:%02lld", s / 60, s % 60);
    if (t % 10) {
        size_t n = strlen(text);
        snprintf(text + n, AT_CLOCK_SIZE - n, ".%lld", t % 10);
    }
    return text;
}

const char *at_text_duration(char text[AT_CLOCK_SIZE], double seconds)
{
    double s = fmin(fmax(seconds, 0), 1e8);
    long whole = lround(s);

    if (whole >= 3600 && whole / 60 % 60)
        snprintf(text, AT_CLOCK_SIZE, "%ld h %ld min", whole / 3600, whole / 60 % 60);
    else if (whole >= 3600)
        snprintf(text, AT_CLOCK_SIZE, "%ld h", whole / 3600);
    else if (whole >= 60 && whole % 60)
        snprintf(text, AT_CLOCK_SIZE, "%ld min %ld s", whole / 60, whole % 60);
    else if (whole >= 60)
        snprintf(text, AT_CLOCK_SIZE, "%ld min", whole / 60);
    else
        snprintf(text, AT_CLOCK_SIZE, "%.*f s", fabs(s - (double)whole) < 0.05 ? 0 : 1, s);
    return text;
}

const char *at_text_percent(char text[AT_CLOCK_SIZE], double share)
{
    double percent = round(100 * share);

    if (share > 0 && percent < 1)
        snprintf(text, AT_CLOCK_SIZE, "under 1 %%");
    else if (share < 1 && percent > 99)
        snprintf(text, AT_CLOCK_SIZE, "over 99 %%");
    else
        snprintf(text, AT_CLOCK_SIZE, "%.0f %%", percent);
    return text;
}

const char *at_text_count(char text[AT_CLOCK_SIZE], int64_t n, const char *one)
{
    snprintf(text, AT_CLOCK_SIZE, "%lld %s%s", (long long)n, one, n == 1 ? "" : "s");
    return text;
}

const char *at_text_factor(char text[AT_CLOCK_SIZE], double factor)
{
    double f = fmin(fmax(factor, 0), 1e8);

    if (f > 0 && f < 0.05)
        snprintf(text, AT_CLOCK_SIZE, "under 0.1");
    else
        snprintf(text, AT_CLOCK_SIZE, "%.*f", f < 9.95 ? 1 : 0, f);
    return text;
}
