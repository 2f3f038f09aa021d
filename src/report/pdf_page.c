#include "report/pdf.h"

#include <string.h>

const at_type at_page_plain = {9, 0, AT_INK}, at_page_soft = {8, 0, AT_SOFT};

enum { TERM_WIDTH = 84 };

void at_page_begin(at_page *p)
{
    p->number++;
    p->y = AT_PAGE_TOP;
}

/* The recording's name is cut where it would run into the rest. */
void at_page_end(at_page *p)
{
    char text[120];
    const double y = AT_PAGE_H - 28;
    double wide;

    snprintf(text, sizeof text,
             "attune %s \xc2\xb7 perceived expression, not inner state \xc2\xb7 %d",
             attune_version(), p->number);
    wide = at_paint_width(p->cr, &at_page_soft, text) + 14;
    at_paint_text(p->cr, &at_page_soft, AT_PAGE_W - AT_PAGE_LEFT, y, 1, text);
    cairo_save(p->cr);
    cairo_rectangle(p->cr, AT_PAGE_LEFT, y - 12, AT_PAGE_WIDTH - wide, 18);
    cairo_clip(p->cr);
    at_paint_text(p->cr, &at_page_soft, AT_PAGE_LEFT, y, 0, p->name);
    cairo_restore(p->cr);
    cairo_show_page(p->cr);
}

void at_page_room(at_page *p, double height)
{
    if (p->y + height <= AT_PAGE_END || p->y <= AT_PAGE_TOP)
        return;
    at_page_end(p);
    at_page_begin(p);
}

void at_page_heading(at_page *p, const char *text, double follows)
{
    static const at_type type = {12, 1, AT_INK};

    at_page_room(p, 30 + follows);
    p->y += p->y > AT_PAGE_TOP ? 22 : type.size;
    at_paint_text(p->cr, &type, AT_PAGE_LEFT, p->y, 0, text);
    at_paint_box(p->cr, AT_PAGE_LEFT, p->y + 4, AT_PAGE_WIDTH, 0.6, AT_LINE);
    p->y += 12;
}

/* At most a page of it in one go: longer text goes on over the next. */
static void put_lines(at_page *p, const at_type *type, double x, double width, const char *text)
{
    const double step = AT_LINE_HEIGHT * type->size;

    while (*text) {
        const char *end = strchr(text, '\n');
        char part[600];
        size_t n = end ? (size_t)(end - text) : strlen(text);
        n = n < sizeof part ? n : sizeof part - 1;
        while (n && (text[n] & 0xc0) == 0x80)
            n--;
        if (n + 1 == sizeof part)
            while (n > 1 && text[n] != ' ')
                n--;
        memcpy(part, text, n);
        part[n] = 0;
        at_page_room(p, step * at_paint_lines(p->cr, type, x, 0, width, part, 0));
        p->y += step * at_paint_lines(p->cr, type, x, p->y + type->size, width, part, 1);
        text += n ? n : 1;
        text += *text == '\n' || *text == ' ';
    }
}

void at_page_text(at_page *p, const at_type *type, const char *text)
{
    put_lines(p, type, AT_PAGE_LEFT, AT_PAGE_WIDTH, text);
    p->y += 3;
}

void at_page_entry(at_page *p, const char *term, const char *text)
{
    static const at_type bold = {9, 1, AT_SOFT};

    at_page_room(p, AT_LINE_HEIGHT * bold.size);
    at_paint_text(p->cr, &bold, AT_PAGE_LEFT, p->y + bold.size, 0, term);
    put_lines(p, &at_page_plain, AT_PAGE_LEFT + TERM_WIDTH, AT_PAGE_WIDTH - TERM_WIDTH, text);
    p->y += 2;
}
