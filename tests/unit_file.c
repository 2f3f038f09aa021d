/* Files that are read whole, that appear whole, and that appear together. */
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/outset.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- files ------------------------------------------------------------------------------ */

static void write_file(const char *path, const char *text)
{
    at_outfile o;
    attune_error err = {0};
    assert_int_equal(at_outfile_open(&o, path, &err), ATTUNE_OK);
    fputs(text, o.f);
    assert_int_equal(at_outfile_commit(&o, &err), ATTUNE_OK);
}

static void assert_file_is(const char *path, const char *text)
{
    unsigned char *data = NULL;
    size_t size = 0;
    assert_int_equal(at_file_read(path, 1000, &data, &size, NULL), ATTUNE_OK);
    assert_int_equal(size, strlen(text));
    assert_string_equal((char *)data, text);
    at_free(data);
}

static void outfile_appears_at_commit(void **state)
{
    (void)state;
    const char *path = in_folder("out.csv");
    at_outfile o;
    assert_int_equal(at_outfile_open(&o, path, NULL), ATTUNE_OK);
    fputs("half", o.f);
    fflush(o.f);
    assert_int_not_equal(access(path, F_OK), 0);
    fputs(" and whole", o.f);
    assert_int_equal(at_outfile_commit(&o, NULL), ATTUNE_OK);
    assert_file_is(path, "half and whole");
    assert_int_equal(files_in_folder(), 1);
    at_outfile_abandon(&o); /* after commit: nothing */
    assert_file_is(path, "half and whole");

    mode_t mask = umask(0);
    umask(mask);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
    assert_int_equal(chmod(path, 0600), 0);
    write_file(path, "again");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void outfile_abandoned_leaves_nothing(void **state)
{
    (void)state;
    const char *path = in_folder("kept");
    write_file(path, "old");
    at_outfile o;
    assert_int_equal(at_outfile_open(&o, path, NULL), ATTUNE_OK);
    fputs("new", o.f);
    at_outfile_abandon(&o);
    at_outfile_abandon(&o);
    assert_file_is(path, "old");
    assert_int_equal(files_in_folder(), 1);
    attune_error err = {0};
    assert_int_equal(at_outfile_commit(&o, &err), ATTUNE_E_ARG);
}

static void outfile_unwritable_directory(void **state)
{
    (void)state;
    at_outfile o;
    attune_error err = {0};
    assert_int_equal(at_outfile_open(&o, in_folder("no/such/place"), &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "no/such/place: No such file or directory"));
    assert_int_equal(at_outfile_open(&o, temp_folder, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "is a directory"));
    /* read-only by its very nature, for root too */
    assert_int_equal(at_outfile_open(&o, "/proc/attune-test", &err), ATTUNE_E_IO);
    at_outfile_abandon(&o);

    assert_int_equal(chmod(temp_folder, 0555), 0);
    int status = at_outfile_open(&o, in_folder("x"), &err);
    assert_int_equal(status, geteuid() == 0 ? ATTUNE_OK : ATTUNE_E_IO);
    at_outfile_abandon(&o);
    assert_int_equal(chmod(temp_folder, 0755), 0);
    assert_int_equal(files_in_folder(), 0);
}

static void outfile_full_disk(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100000}; /* seen at the flush, and while writing */
    for (int i = 0; i < 2; i++) {
        at_outfile o;
        attune_error err = {0};
        assert_int_equal(at_outfile_open(&o, "/dev/full", &err), ATTUNE_OK);
        for (size_t n = 0; n < sizes[i]; n++)
            fputc('x', o.f);
        assert_int_equal(at_outfile_commit(&o, &err), ATTUNE_E_IO);
        assert_string_equal(err.text, "/dev/full: No space left on device");
        assert_null(o.f);
        struct stat st;
        assert_int_equal(stat("/dev/full", &st), 0);
        assert_true(S_ISCHR(st.st_mode));
    }
}

static void outfile_sweeps_what_is_dead(void **state)
{
    (void)state;
    char dead[300], other[300], ours[300];
    const char *path = in_folder("model");
    snprintf(dead, sizeof dead, "%s.tmp-abc012", path);
    snprintf(other, sizeof other, "%s2.tmp-abc012", path);
    write_file(dead, "half");
    write_file(other, "of another name");
    at_outfile o, second;
    assert_int_equal(at_outfile_open(&o, path, NULL), ATTUNE_OK);
    assert_int_not_equal(access(dead, F_OK), 0);
    assert_int_equal(access(other, F_OK), 0);
    snprintf(ours, sizeof ours, "%s", o.temp);
    assert_int_equal(at_outfile_open(&second, path, NULL), ATTUNE_OK); /* the first lives */
    assert_int_equal(access(ours, F_OK), 0);
    at_outfile_abandon(&second);
    assert_int_equal(at_outfile_commit(&o, NULL), ATTUNE_OK);
    assert_int_equal(files_in_folder(), 2);
    assert_int_equal(unlink(other), 0);
}

static void outfile_into_a_pipe(void **state)
{
    (void)state;
    const char *path = in_folder("pipe");
    char text[8] = "";
    at_outfile o;
    attune_error err = {0};
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(at_outfile_open(&o, path, &err), ATTUNE_E_IO); /* at once */
    assert_non_null(strstr(err.text, "pipe: nobody reads this pipe"));
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    write_file(path, "told");
    assert_int_equal(read(fd, text, sizeof text), 4);
    assert_string_equal(text, "told");
    close(fd);
    assert_int_equal(unlink(path), 0);
}

/* ---- files that appear together ------------------------------------------------------------- */

static void add_text(at_outset *s, const char *name, const char *text)
{
    FILE *f;
    assert_int_equal(at_outset_add(s, name, &f, NULL), ATTUNE_OK);
    fputs(text, f);
}

static void outset_appears_at_commit(void **state)
{
    (void)state;
    at_outset *s, *second = NULL;
    attune_error err = {0};
    write_file(in_folder("a"), "old");
    assert_int_equal(chmod(in_folder("a"), 0600), 0);
    assert_int_equal(at_outset_open(&s, temp_folder, NULL), ATTUNE_OK);
    add_text(s, "a", "new");
    add_text(s, "b", "beside");
    assert_int_equal(at_outset_open(&second, temp_folder, &err), ATTUNE_E_STATE);
    assert_null(second);
    assert_non_null(strstr(err.text, ": another run is writing into this folder"));
    assert_file_is(in_folder("a"), "old");
    assert_int_not_equal(access(in_folder("b"), F_OK), 0);
    assert_int_equal(at_outset_commit(s, NULL), ATTUNE_OK);
    assert_int_equal(at_outset_open(&second, temp_folder, &err), ATTUNE_OK);
    at_outset_free(&second);
    at_outset_free(&s);
    assert_file_is(in_folder("a"), "new");
    assert_file_is(in_folder("b"), "beside");
    struct stat st;
    assert_int_equal(stat(in_folder("a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(files_in_folder(), 2);
}

static void outset_abandoned_leaves_nothing(void **state)
{
    (void)state;
    at_outset *s;
    assert_int_equal(at_outset_open(&s, in_folder("made"), NULL), ATTUNE_OK);
    add_text(s, "a", "new");
    at_outset_free(&s);
    assert_null(s);
    assert_int_equal(files_in_folder(), 0);
}

static void outset_takes_files_only(void **state)
{
    (void)state;
    at_outset *s;
    FILE *f;
    attune_error err = {0};
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
    assert_int_equal(at_outset_open(&s, temp_folder, NULL), ATTUNE_OK);
    assert_int_equal(at_outset_add(s, "pipe", &f, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "/pipe: is not a regular file"));
    assert_int_equal(at_outset_add(s, "folder", &f, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "/folder: is a directory"));
    at_outset_free(&s);
    assert_int_equal(unlink(in_folder("pipe")), 0);
    assert_int_equal(rmdir(in_folder("folder")), 0);
}

/* A run died between the decision and the last move: a reader moves the rest; before it: it is swept. */
static void outset_of_a_dead_run_is_settled(void **state)
{
    (void)state;
    at_outset *s;
    write_file(in_folder("a"), "new");
    write_file(in_folder("b"), "old");
    assert_int_equal(mkdir(in_folder("attune-finished"), 0700), 0);
    write_file(in_folder("attune-finished/a.old"), "old");
    write_file(in_folder("attune-finished/b.old"), "old");
    write_file(in_folder("attune-finished/b"), "new");
    assert_int_equal(mkdir(in_folder("attune-unfinished"), 0700), 0);
    write_file(in_folder("attune-unfinished/a"), "half");
    assert_int_equal(at_outset_settle(temp_folder, NULL), ATTUNE_OK);
    assert_file_is(in_folder("a"), "new");
    assert_file_is(in_folder("b"), "new");
    assert_int_equal(files_in_folder(), 3);
    assert_int_equal(at_outset_open(&s, temp_folder, NULL), ATTUNE_OK);
    add_text(s, "a", "newer");
    at_outset_free(&s);
    assert_file_is(in_folder("a"), "new");
    assert_int_equal(files_in_folder(), 2);
    assert_int_equal(at_outset_settle(in_folder("nowhere"), NULL), ATTUNE_OK);
}

static void file_read_gives_reasons(void **state)
{
    (void)state;
    unsigned char *data = NULL;
    size_t size = 1;
    attune_error err = {0};
    assert_int_equal(at_file_read(in_folder("none"), 10, &data, &size, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(at_file_read(temp_folder, 10, &data, &size, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "is a directory"));
    write_file(in_folder("ten"), "0123456789");
    assert_int_equal(at_file_read(in_folder("ten"), 9, &data, &size, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "larger than 9 bytes"));
    assert_null(data);
    assert_int_equal(at_file_read(in_folder("ten"), 10, &data, &size, &err), ATTUNE_OK);
    assert_int_equal(size, 10);
    at_free(data);

    /* no length to ask for: a device that never ends, and one that is empty */
    assert_int_equal(at_file_read("/dev/zero", 100000, &data, &size, &err), ATTUNE_E_FORMAT);
    assert_int_equal(at_file_read("/dev/null", 10, &data, &size, &err), ATTUNE_OK);
    assert_int_equal(size, 0);
    assert_int_equal(data[0], 0);
    at_free(data);
}

/* As at_file_hash says it: a file's digest, its lowest byte first, added to a hash. */
static uint64_t hashed(uint64_t hash, const void *bytes, size_t n)
{
    unsigned char whole[8];
    at_digest d;
    at_digest_begin(&d);
    at_digest_add(&d, bytes, n);
    for (int i = 0; i < 8; i++)
        whole[i] = (unsigned char)(at_digest_of(&d) >> 8 * i);
    return at_hash(hash, whole, sizeof whole);
}

static void a_file_is_hashed_whole(void **state)
{
    (void)state;
    static char large[150001];
    uint64_t hash = AT_HASH_START;
    attune_error err = {0};
    memset(large, 'x', sizeof large - 1);
    large[70000] = 'y';
    write_file(in_folder("m"), large);
    assert_int_equal(at_file_hash(in_folder("m"), &hash, &err), ATTUNE_OK);
    assert_true(hash == hashed(AT_HASH_START, large, sizeof large - 1));
    hash = 7;
    assert_int_equal(at_file_hash("/dev/null", &hash, &err), ATTUNE_OK);
    assert_true(hash == hashed(7, "", 0));
    assert_int_equal(at_file_hash(temp_folder, &hash, &err), ATTUNE_E_IO);
}

static void mkdirs_makes_parents(void **state)
{
    (void)state;
    attune_error err = {0};
    struct stat st;
    assert_int_equal(at_mkdirs(in_folder("a/b//c/"), &err), ATTUNE_OK);
    assert_int_equal(stat(in_folder("a/b/c"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(at_mkdirs(in_folder("a/b"), &err), ATTUNE_OK);
    write_file(in_folder("f"), "");
    assert_int_equal(at_mkdirs(in_folder("f"), &err), ATTUNE_E_IO);
    assert_int_equal(at_mkdirs(in_folder("f/g"), &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "/f"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder_with_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(outfile_appears_at_commit),    CASE(outfile_abandoned_leaves_nothing),
        CASE(outfile_unwritable_directory), CASE(outfile_full_disk),
        CASE(outfile_sweeps_what_is_dead),  CASE(outfile_into_a_pipe),
        CASE(outset_appears_at_commit),     CASE(outset_abandoned_leaves_nothing),
        CASE(outset_takes_files_only),      CASE(outset_of_a_dead_run_is_settled),
        CASE(file_read_gives_reasons),      CASE(a_file_is_hashed_whole),
        CASE(mkdirs_makes_parents),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
