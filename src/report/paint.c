#include "report/paint.h"
#include "base/visible.h"

#include "report/text.h"

#include <string.h>

enum { TEXT_SIZE = 640 };

const at_paint at_paint_emotion[ATTUNE_EMOTIONS] = {
    {0xa9b0b8, 0x111111}, {0xf3d84b, 0x111111}, {0x1f78b8, 0xffffff}, {0xd1541a, 0xffffff},
    {0xcf84b0, 0x111111}, {0x0b9270, 0xffffff}, {0xeda423, 0x111111},
};
const at_paint at_paint_engagement[ATTUNE_ENGAGEMENTS] = {
    {0x16434d, 0xffffff},
    {0x4a9aa8, 0x111111},
    {0xb5e3e8, 0x111111},
};
const at_paint at_paint_modality[ATTUNE_STREAMS] = {
    {0x7b57c8, 0xffffff},
    {0x8a6642, 0xffffff},
    {0xa02030, 0xffffff},
    {0x20a030, 0xffffff},
};

int at_late_pictures(attune_error *err); /* made by base/late.py */

int at_paint_load(attune_error *err)
{
    return at_late_pictures(err);
}

at_colour at_paint_of_class(const char *class)
{
    static const struct {
        const char *class;
        at_colour colour;
    } colours[] = {{"cf", 0x7b57c8}, {"cv", 0x8a6642}, {"cs", 0x4a9aa8}, {"cm", 0x7f8f1c},
                   {"cu", 0xc93a80}, {"cb", 0xa02030}, {"cc", 0x20a030}};

    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (!strcmp(colours[i].class, class))
            return colours[i].colour;
    return AT_SOFT;
}

void at_paint_colour(cairo_t *cr, at_colour c)
{
    cairo_set_source_rgb(cr, (c >> 16 & 255) / 255.0, (c >> 8 & 255) / 255.0, (c & 255) / 255.0);
}

void at_paint_box(cairo_t *cr, double x, double y, double w, double h, at_colour colour)
{
    at_paint_colour(cr, colour);
    cairo_rectangle(cr, x, y, w, h);
    cairo_fill(cr);
}

/* ---- letters -------------------------------------------------------------------------------- */

static void set_type(cairo_t *cr, const at_type *type)
{
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           type->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, type->size);
}

static double advance_of(cairo_t *cr, const char *clean)
{
    cairo_text_extents_t e;

    cairo_text_extents(cr, clean, &e);
    return e.x_advance;
}

void at_paint_text(cairo_t *cr, const at_type *type, double x, double y, double at,
                   const char *text)
{
    char clean[TEXT_SIZE];

    set_type(cr, type);
    at_visible_copy(clean, sizeof clean, text);
    cairo_move_to(cr, at > 0 ? x - at * advance_of(cr, clean) : x, y);
    at_paint_colour(cr, type->colour);
    cairo_show_text(cr, clean);
    cairo_new_path(cr);
}

double at_paint_width(cairo_t *cr, const at_type *type, const char *text)
{
    char clean[TEXT_SIZE];

    set_type(cr, type);
    return advance_of(cr, at_visible_copy(clean, sizeof clean, text));
}

/* Bytes of text that go into one line: up to a space if there is one, and at least a character. */
static size_t line_bytes(cairo_t *cr, const at_type *type, double width, const char *text)
{
    char part[TEXT_SIZE];
    size_t end = 0, fits = 0, n = strcspn(text, "\n");

    while (end < n && end + 8 < sizeof part) {
        do
            end++;
        while (end < n && (text[end] & 0xc0) == 0x80); /* whole characters */
        if (end < n && text[end] != ' ' && fits)
            continue;
        memcpy(part, text, end);
        part[end] = 0;
        if (at_paint_width(cr, type, part) > width && fits)
            break;
        fits = end;
    }
    return fits;
}

int at_paint_lines(cairo_t *cr, const at_type *type, double x, double y, double width,
                   const char *text, int draw)
{
    char part[TEXT_SIZE];
    int lines = 0;

    while (*text) {
        size_t n = line_bytes(cr, type, width, text);
        memcpy(part, text, n);
        part[n] = 0;
        if (draw)
            at_paint_text(cr, type, x, y + lines * AT_LINE_HEIGHT * type->size, 0, part);
        lines++;
        text += n;
        text += *text == '\n' ? 1 : strspn(text, " ");
    }
    return lines;
}

cairo_status_t at_paint_write(void *file, const unsigned char *data, unsigned size)
{
    fwrite(data, 1, size, file);
    return CAIRO_STATUS_SUCCESS;
}
