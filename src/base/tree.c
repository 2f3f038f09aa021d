#include "base/tree.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a program or a library that lies in a folder of the build's. 1: found. */
static int read_root(char root[PATH_MAX], const char *object)
{
    char path[PATH_MAX + 32], whole[PATH_MAX];
    char *slash;
    FILE *f;

    if (!realpath(object, whole) || !(slash = strrchr(whole, '/')))
        return 0;
    *slash = 0;
    snprintf(path, sizeof path, "%s/../source-root", whole);
    f = fopen(path, "re");
    if (!f)
        return 0;
    const int found = fgets(root, PATH_MAX, f) != NULL;
    fclose(f);
    if (found)
        root[strcspn(root, "\n")] = 0;
    return found && *root == '/';
}

int at_tree_find(char *out, size_t size, const char *name)
{
    char root[PATH_MAX];
    Dl_info here = {0};
    const int found =
        read_root(root, "/proc/self/exe") ||
        (dladdr(__func__, &here) && here.dli_fname && read_root(root, here.dli_fname));

    if (found && snprintf(out, size, "%s/%s", root, name) < (int)size && access(out, R_OK) == 0)
        return 1;
    snprintf(out, size, "%s", name);
    return 0;
}
