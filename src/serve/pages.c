#include "serve/pages.h"

#include <string.h>

const at_page *at_page_find(const char *path)
{
    for (int i = 0; i < at_pages_count; i++)
        if (strcmp(at_pages[i].path, path) == 0)
            return &at_pages[i];
    return NULL;
}
