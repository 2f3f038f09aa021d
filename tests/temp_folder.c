#include "temp_folder.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { NAMES = 256, PATH = sizeof temp_folder + 160 };

char temp_folder[160];

static struct {
    char path[PATH];
    int made;
} named[NAMES];
static int n_named;

const char *temp_place(void)
{
    const char *given = getenv("TMPDIR");
    return given && *given ? given : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

int make_folder(void **state)
{
    (void)state;
    n_named = 0;
    const int n = snprintf(temp_folder, sizeof temp_folder, "%s/attune-test-XXXXXX", temp_place());
    return n >= (int)sizeof temp_folder || !mkdtemp(temp_folder);
}

/* ---- paths ---------------------------------------------------------------------------------- */

static int number_of(const char *name)
{
    char path[PATH];
    if (snprintf(path, sizeof path, "%s/%s", temp_folder, name) >= (int)sizeof path)
        fail_msg("temp_folder.c: %s: is too long a name", name);
    for (int i = 0; i < n_named; i++)
        if (strcmp(named[i].path, path) == 0)
            return i;
    if (n_named == NAMES)
        fail_msg("temp_folder.c: %s: is one name more than %d", name, NAMES);
    strcpy(named[n_named].path, path);
    named[n_named].made = 0;
    return n_named++;
}

const char *in_folder(const char *name)
{
    return named[number_of(name)].path;
}

static const char *note_made(const char *name)
{
    const int i = number_of(name);
    named[i].made = 1;
    return named[i].path;
}

const char *made_in_folder(const char *name)
{
    char part[PATH];
    for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
        mkdir(note_made(part), 0700);
    }
    return note_made(name);
}

/* ---- files ---------------------------------------------------------------------------------- */

FILE *create_in_folder(const char *name)
{
    FILE *f = fopen(made_in_folder(name), "wb");
    if (!f)
        fail_msg("%s: %s", name, strerror(errno));
    return f;
}

const char *put_bytes(const char *name, const void *bytes, size_t n)
{
    FILE *f = create_in_folder(name);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return in_folder(name);
}

const char *put_text(const char *name, const char *text)
{
    return put_bytes(name, text, strlen(text));
}

char *read_bytes(const char *name, size_t *n)
{
    FILE *f = fopen(in_folder(name), "rb");
    if (!f)
        fail_msg("%s: %s", name, strerror(errno));
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    const long size = ftell(f);
    assert_true(size >= 0);
    rewind(f);
    char *bytes = malloc((size_t)size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)size, f), size);
    assert_int_equal(fclose(f), 0);
    bytes[size] = 0;
    *n = (size_t)size;
    return bytes;
}

char *read_text(const char *name)
{
    size_t n;
    return read_bytes(name, &n);
}

int files_in_folder(void)
{
    DIR *d = opendir(temp_folder);
    int n = 0;
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* ---- the end of it -------------------------------------------------------------------------- */

static int take_away(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

int remove_folder_with_all(void **state)
{
    (void)state;
    chmod(temp_folder, 0700); /* a test that failed may have made it read-only */
    return nftw(temp_folder, take_away, 16, FTW_DEPTH | FTW_PHYS);
}

static void take_away_what_was_made(void)
{
    int gone;
    do { /* a folder goes once what is in it has */
        gone = 0;
        for (int i = 0; i < n_named; i++)
            gone += named[i].made && remove(named[i].path) == 0;
    } while (gone);
}

static int name_it(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind;
    if (at->level > 0)
        fprintf(stderr, "%s: was left behind\n", path);
    return 0;
}

int remove_folder(void **state)
{
    take_away_what_was_made();
    if (rmdir(temp_folder) == 0)
        return 0;
    fprintf(stderr, "%s: %s\n", temp_folder, strerror(errno));
    nftw(temp_folder, name_it, 16, FTW_PHYS);
    remove_folder_with_all(state);
    /* of a group's tear-down that fails cmocka says so, and takes it for success */
    exit(EXIT_FAILURE);
}
