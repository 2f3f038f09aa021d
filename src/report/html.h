/* html.h - report.html: one self-contained page that opens without a network. */
#ifndef AT_REPORT_HTML_H
#define AT_REPORT_HTML_H

#include "report/summary.h"

void at_html_page(const at_outcome *o, FILE *f);
/* <!DOCTYPE> up to <main>, and what closes it. */
void at_html_open(FILE *f, const char *title);
void at_html_close(FILE *f);

#endif
