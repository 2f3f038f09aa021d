#include "folder.h"

#include "fuzz.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

static char root[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind;
    return at->level == 0 ? 0 : remove(path);
}

void fuzz_folder_empty(void)
{
    FUZZ_CHECK(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

static void remove_root(void)
{
    fuzz_folder_empty();
    rmdir(root);
}

const char *fuzz_folder(void)
{
    if (!*root) {
        /* memory, where there is some: the disk is not what is tested */
        snprintf(root, sizeof root, "%s/attune-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
        FUZZ_CHECK(mkdtemp(root));
        atexit(remove_root);
    }
    return root;
}

int fuzz_folder_put(const char *name, const void *bytes, size_t size)
{
    char path[FUZZ_PATH];
    FILE *f;

    if (snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name) >= (int)sizeof path)
        return 0;
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    if (!(f = fopen(path, "wb"))) /* a folder is there */
        return 0;
    FUZZ_CHECK(fwrite(bytes, 1, size, f) == size);
    fclose(f);
    return 1;
}
