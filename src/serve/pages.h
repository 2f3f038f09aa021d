/* pages.h - the files of the browser's page, in the program (page/, made into C by embed.py). */
#ifndef AT_SERVE_PAGES_H
#define AT_SERVE_PAGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct at_page {
    const char *path; /* "/", "/app.js" */
    const char *type; /* "text/html; charset=utf-8" */
    const uint8_t *data;
    size_t size;
} at_page;

extern const at_page at_pages[];
extern const int at_pages_count;

const at_page *at_page_find(const char *path); /* NULL: there is none */

#endif
