/* The folder that tests make files in tells what they leave there. */
#include "temp_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What a program ends with whose group leaves `made` as its own, and `left` besides. */
static int status_of(const char *made, const char *left)
{
    int status;
    const pid_t pid = fork();
    if (pid == 0) {
        fclose(stderr);
        assert_int_equal(make_folder(NULL), 0);
        put_text(made, "x");
        if (left)
            close(open(in_folder(left), O_WRONLY | O_CREAT, 0600));
        _exit(remove_folder(NULL));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void what_is_left_behind_fails(void **state)
{
    (void)state;
    assert_int_equal(status_of("a/b/c", NULL), EXIT_SUCCESS);
    assert_int_equal(status_of("a/b/c", "a/d"), EXIT_FAILURE);
    assert_int_equal(status_of("a", "b"), EXIT_FAILURE);
}

static void it_is_where_temporary_files_are(void **state)
{
    assert_int_equal(make_folder(state), 0);
    char *outer = strdup(temp_folder);
    assert_int_equal(setenv("TMPDIR", outer, 1), 0);
    assert_int_equal(make_folder(state), 0);
    assert_memory_equal(temp_folder, outer, strlen(outer));
    assert_int_equal(temp_folder[strlen(outer)], '/');
    put_text("deep/file", "x");
    assert_int_equal(remove_folder_with_all(state), 0);
    assert_int_equal(unsetenv("TMPDIR"), 0);
    assert_int_equal(access(temp_folder, F_OK), -1);
    assert_int_equal(rmdir(outer), 0);
    free(outer);
}

static void files_come_back_whole(void **state)
{
    static const char bytes[] = "a\0b";
    size_t n;
    (void)state;
    const char *path = put_bytes("file", bytes, sizeof bytes);
    assert_ptr_equal(in_folder("file"), path);
    char *back = read_bytes("file", &n);
    assert_int_equal(n, sizeof bytes);
    assert_memory_equal(back, bytes, n);
    assert_int_equal(back[n], 0);
    free(back);
    assert_int_equal(files_in_folder(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_behind_fails),
        cmocka_unit_test(it_is_where_temporary_files_are),
        cmocka_unit_test_setup_teardown(files_come_back_whole, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
