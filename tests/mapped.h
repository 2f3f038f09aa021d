/* mapped.h - what this process has loaded. */
#ifndef AT_TESTS_MAPPED_H
#define AT_TESTS_MAPPED_H

#include <stdio.h>
#include <string.h>

/* Whether a file of such a name is mapped in the process whose folder of /proc it is. */
static int is_mapped_in(const char *process, const char *library)
{
    char line[4096];
    int found = 0;
    snprintf(line, sizeof line, "/proc/%s/maps", process);
    FILE *maps = fopen(line, "r");
    while (maps && !found && fgets(line, sizeof line, maps))
        found = strstr(line, library) != NULL;
    if (maps)
        fclose(maps);
    return found;
}

static int is_mapped(const char *library)
{
    return is_mapped_in("self", library);
}

#endif
