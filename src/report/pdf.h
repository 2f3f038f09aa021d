/* pdf.h - report.pdf: pages, and what stands on them. Only there in builds that have cairo. */
#ifndef AT_REPORT_PDF_H
#define AT_REPORT_PDF_H

#include "report/outcome.h"
#include "report/paint.h"

/* A4, points. */
enum { AT_PAGE_W = 595, AT_PAGE_H = 842, AT_PAGE_LEFT = 42, AT_PAGE_TOP = 44, AT_PAGE_END = 790 };
enum { AT_PAGE_WIDTH = AT_PAGE_W - 2 * AT_PAGE_LEFT };

/* Where the next thing goes. */
typedef struct at_page {
    cairo_t *cr;
    double y;
    int number;       /* from 1 */
    const char *name; /* that stands at the foot of each */
} at_page;

/* pdf_page.c */
void at_page_begin(at_page *p);
void at_page_end(at_page *p);
/* A new page where less than height is left on this one. */
void at_page_room(at_page *p, double height);
void at_page_heading(at_page *p, const char *text,
                     double follows /* room for what belongs to it */);
void at_page_text(at_page *p, const at_type *type, const char *text);
/* A term in bold, and beside it what is said of it. */
void at_page_entry(at_page *p, const char *term, const char *text);

/* pdf_tables.c: shares, states and gaps in numbers. */
void at_page_tables(at_page *p, const at_outcome *o);

extern const at_type at_page_plain, at_page_soft;

#endif
