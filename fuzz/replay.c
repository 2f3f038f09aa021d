/* Runs the files that it is given, and those in folders, where there is no libFuzzer to do so. */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *data = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&data, &size);
    char piece[65536];
    size_t n;

    FUZZ_CHECK(f && out);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        FUZZ_CHECK(fwrite(piece, 1, n, out) == n);
    fclose(f);
    FUZZ_CHECK(fclose(out) == 0);
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    free(data);
    return 1;
}

static int run(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    struct stat st;
    char inside[4096];
    int n = 0;

    if (!dir)
        return run_file(path);
    while ((entry = readdir(dir))) {
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (stat(inside, &st) == 0 && S_ISREG(st.st_mode))
            n += run_file(inside);
    }
    closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    int n = 0;

    for (int i = 1; i < argc; i++)
        n += run(argv[i]);
    printf("%d inputs\n", n);
    return n == 0;
}
