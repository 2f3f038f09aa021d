/* paint.h - colours and letters of reports that are drawn, with cairo. Lengths are points. Only there in
 * builds that have cairo. */
#ifndef AT_REPORT_PAINT_H
#define AT_REPORT_PAINT_H

#include <attune/attune.h>
#include <cairo.h>
#include <stdio.h>

/* Loads cairo (base/late.h): before anything is drawn. */
int at_paint_load(attune_error *err);

/* 0xRRGGBB */
typedef unsigned at_colour;

enum {
    AT_INK = 0x1b1f24,
    AT_SOFT = 0x57606a,
    AT_LINE = 0xd8dde3,
    AT_CARD = 0xf5f7f9,
    AT_GAP = 0xeef1f4,
    AT_HATCH = 0xaab2bb,
    AT_PAPER = 0xffffff,
};

/* Of an area, and of letters on it; as on the page (style.c). */
typedef struct at_paint {
    at_colour fill, ink;
} at_paint;

extern const at_paint at_paint_emotion[ATTUNE_EMOTIONS];
extern const at_paint at_paint_engagement[ATTUNE_ENGAGEMENTS];
extern const at_paint at_paint_modality[ATTUNE_STREAMS];
at_colour at_paint_of_class(const char *class); /* of a curve's, "cf" */

void at_paint_colour(cairo_t *cr, at_colour colour);
void at_paint_box(cairo_t *cr, double x, double y, double w, double h, at_colour colour);

typedef struct at_type {
    double size;
    int bold;
    at_colour colour;
} at_type;

/* text is cleaned, and cut after some hundred bytes; y is its baseline. at: 0 x is its left end, 0.5 its
 * middle, 1 its right end. */
void at_paint_text(cairo_t *cr, const at_type *type, double x, double y, double at,
                   const char *text);
double at_paint_width(cairo_t *cr, const at_type *type, const char *text);
#define AT_LINE_HEIGHT 1.35 /* from line to line, in sizes */
/* In lines no wider than width, the first at y. Returns how many; with draw 0 they are
 * only counted. */
int at_paint_lines(cairo_t *cr, const at_type *type, double x, double y, double width,
                   const char *text, int draw);

/* For cairo's surfaces that write as they go: errors stay with the stream. */
cairo_status_t at_paint_write(void *file, const unsigned char *data, unsigned size);

#endif
