/* mapped.h - what this process has loaded. */
#ifndef AT_TESTS_MAPPED_H
#define AT_TESTS_MAPPED_H

#include <stdio.h>
#include <string.h>

/* Whether a file of such a name is mapped. */
static int is_mapped(const char *library)
{
    char line[4096];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && !found && fgets(line, sizeof line, maps))
        found = strstr(line, library) != NULL;
    if (maps)
        fclose(maps);
    return found;
}

#endif
