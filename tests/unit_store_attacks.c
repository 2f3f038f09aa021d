/* Attacks on a store: bytes changed at random, a program killed at any moment, a full disk, many threads
 * and long readings. Nothing that was finished is lost, and nothing breaks. */
#include "base/rng.h"
#include "made_store.h"
#include "made_windows.h"
#include "one_thread_case.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static attune_store *shared;

/* ---- damage ------------------------------------------------------------------------------------- */

static int drop(void *user, const char *text, size_t size)
{
    (void)user;
    (void)text;
    return size == 0;
}

static int drop_file(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    (void)sink;
    return drop(user, text, size);
}

static int fresh_store_for_one(void **state)
{
    return fresh_store(state) ? -1 : forbid_threads(state);
}

/* Bytes changed at random: an error or an answer, never a crash (the sanitizers watch). */
static void damage_is_an_error(void **state)
{
    attune_store *s = open_store();
    unsigned char *whole, *bad;
    size_t n;
    int opened = 0;
    at_rng r;
    (void)state;
    for (int i = 0; i < 3; i++) {
        int64_t id = begin_session(s, i ? "ada" : NULL);
        add_windows(s, id, 20);
        assert_int_equal(attune_store_end(s, id, NULL, 0, "{\"a\":1}", NULL), ATTUNE_OK);
    }
    attune_store_free(&s);
    n = read_store(&whole);
    bad = malloc(n);
    assert_non_null(bad);
    at_rng_seed(&r, 5, 0);
    for (int turn = 0; turn < 150; turn++) {
        size_t size = turn % 3 ? n : at_rng_below(&r, (uint32_t)n);
        memcpy(bad, whole, n);
        for (int k = 0; k < 1 + turn % 20 && size; k++)
            bad[turn % 2 ? at_rng_below(&r, (uint32_t)size) : at_rng_below(&r, 4096) % size] =
                (unsigned char)at_rng_u32(&r);
        write_store(bad, size);
        if (attune_store_open(&s, store_path, 0, NULL) < 0)
            continue;
        opened++;
        at_got *got = calloc(1, sizeof *got);
        int sessions = 0;
        assert_non_null(got);
        attune_store_list(s, count_record, &sessions, NULL);
        for (int64_t id = 1; id <= 3; id++) {
            attune_store_windows(s, id, take_window, got, NULL);
            attune_store_export(s, id, drop, NULL, NULL);
            attune_store_report(
                s, id, &(attune_report_options){.sinks = "jsonl", .write = drop_file}, NULL, NULL);
        }
        attune_store_delete(s, 2, NULL);
        attune_store_delete_all(s, NULL, NULL);
        free(got);
        attune_store_free(&s);
    }
    assert_true(opened > 15 && opened < 145);
    free(whole);
    free(bad);
}

/* ---- attacks on storing -------------------------------------------------------------------------- */

/* The child says of each window that it is stored, once it is; the parent kills it at some moment. */
static void child_stores(int out)
{
    attune_store *s = open_store();
    int64_t id = begin_session(s, NULL);
    for (int i = 1;; i++) {
        attune_window w = made_window(i, i % ATTUNE_EMOTIONS, 1);
        if (attune_store_window(s, id, &w, NULL) < 0 || write(out, &i, sizeof i) != sizeof i)
            _exit(1);
        if (i % 7 == 0) { /* deaths while others begin and end, too */
            int64_t other = begin_session(s, "ada");
            if (attune_store_end(s, other, NULL, 0, "{}", NULL) < 0)
                _exit(1);
        }
    }
}

static int kill_after(int windows)
{
    int fd[2], told = 0, value, status;
    pid_t child;
    assert_int_equal(pipe(fd), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd[0]);
        child_stores(fd[1]);
    }
    close(fd[1]);
    while (told < windows && read(fd[0], &value, sizeof value) == sizeof value)
        told = value;
    kill(child, SIGKILL);
    while (read(fd[0], &value, sizeof value) == sizeof value) /* what it had said by then */
        told = value;
    close(fd[0]);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    return told;
}

static void kill_loses_no_finished_window(void **state)
{
    (void)state;
    for (int turn = 0; turn < 12; turn++) {
        at_got *got = calloc(1, sizeof *got);
        attune_store *s;
        int told;
        assert_non_null(got);
        remove_store();
        told = kill_after(1 + turn * 5);
        assert_true(told > 0);
        s = open_store();
        assert_int_equal(attune_store_windows(s, 1, take_window, got, NULL), ATTUNE_OK);
        assert_true(got->n == told || got->n == told + 1); /* one may be stored and not said */
        for (int i = 0; i < got->n && i < 64; i++)
            assert_int_equal(got->w[i].end_us, (i + 1) * (int64_t)MADE_HOP_US);
        add_windows(s, begin_session(s, NULL), 2); /* and it goes on */
        attune_store_free(&s);
        assert_true(store_is_whole());
        free(got);
    }
}

static void full_disk_keeps_what_was_stored(void **state)
{
    struct rlimit before, little;
    attune_store *s = open_store();
    attune_error err = {0};
    int64_t id = begin_session(s, NULL);
    at_got *got = calloc(1, sizeof *got);
    int stored = 0, rc;
    (void)state;
    assert_non_null(got);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = before;
    little.rlim_cur = 200000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    do {
        attune_window w = made_window(stored + 1, ATTUNE_HAPPY, 1);
        rc = attune_store_window(s, id, &w, &err);
        stored += rc == ATTUNE_OK;
    } while (rc == ATTUNE_OK && stored < 10000);
    assert_int_equal(rc, ATTUNE_E_IO);
    assert_int_equal(err.status, ATTUNE_E_IO);
    assert_non_null(strstr(err.text, store_path + 5));
    assert_true(stored > 10);
    assert_int_equal(attune_store_windows(s, id, take_window, got, NULL),
                     ATTUNE_OK); /* still readable */
    assert_int_equal(got->n, stored);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    add_windows(s, id, 5); /* there is room again: the same store goes on */
    assert_int_equal(attune_store_end(s, id, NULL, 0, NULL, NULL), ATTUNE_OK);
    attune_store_free(&s);
    assert_true(store_is_whole());
    assert_int_equal(sql_number("SELECT count(*) FROM windows"), stored + 5);
    free(got);
}

/* ---- several at once ----------------------------------------------------------------------------- */

static void *store_some(void *user)
{
    attune_store *s = user;
    int64_t id = begin_session(s, NULL);
    add_windows(s, id, 25);
    if (attune_store_end(s, id, NULL, 0, NULL, NULL) < 0)
        return NULL;
    return s;
}

static void threads_share_a_store(void **state)
{
    attune_store *s = open_store(), *other = open_store();
    pthread_t thread[4];
    void *done;
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, store_some, i < 3 ? s : other), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], &done), 0);
        assert_non_null(done);
    }
    attune_store_free(&s);
    attune_store_free(&other);
    assert_int_equal(sql_number("SELECT count(*) FROM windows"), 100);
    assert_int_equal(sql_number("SELECT count(*) FROM sessions WHERE windows = 25"), 4);
}

typedef struct at_slow {
    sem_t reads, stored;
    int n;
} at_slow;

/* Takes as long over the first window as the other thread over storing one. */
static int read_slowly(void *user, const attune_window *w)
{
    at_slow *slow = user;
    (void)w;
    if (!slow->n++) {
        sem_post(&slow->reads);
        sem_wait(&slow->stored);
    }
    return 0;
}

static void *store_meanwhile(void *user)
{
    at_slow *slow = user;
    attune_store *s = shared;
    attune_window w = made_window(4, ATTUNE_SAD, 1);
    int rc;
    sem_wait(&slow->reads);
    rc = attune_store_window(s, 1, &w, NULL);
    sem_post(&slow->stored);
    return rc == ATTUNE_OK ? s : NULL;
}

static void no_window_waits_for_a_reading(void **state)
{
    at_slow slow = {.n = 0};
    pthread_t thread;
    void *done;
    (void)state;
    shared = open_store();
    add_windows(shared, begin_session(shared, NULL), 3);
    sem_init(&slow.reads, 0, 0);
    sem_init(&slow.stored, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, store_meanwhile, &slow), 0);
    assert_int_equal(attune_store_windows(shared, 1, read_slowly, &slow, NULL), ATTUNE_OK);
    assert_int_equal(slow.n, 3); /* of the moment when it began */
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    slow.n = 1;
    assert_int_equal(attune_store_windows(shared, 1, read_slowly, &slow, NULL), ATTUNE_OK);
    assert_int_equal(slow.n, 5);
    sem_destroy(&slow.reads);
    sem_destroy(&slow.stored);
    attune_store_free(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case_setup(damage_is_an_error, fresh_store_for_one),
        cmocka_unit_test_setup(kill_loses_no_finished_window, fresh_store),
        cmocka_unit_test_setup(full_disk_keeps_what_was_stored, fresh_store),
        cmocka_unit_test_setup(threads_share_a_store, fresh_store),
        cmocka_unit_test_setup(no_window_waits_for_a_reading, fresh_store),
    };
    return cmocka_run_group_tests(tests, make_store_folder, remove_folder);
}
