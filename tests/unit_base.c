/* The base services: errors, memory, thread pool, random numbers, files. */
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/outset.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base/rng.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "base/visible.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- error ------------------------------------------------------------------------------ */

static void error_text_is_cleaned(void **state)
{
    (void)state;
    attune_error err = {0};
    assert_int_equal(at_fail(&err, ATTUNE_E_FORMAT, "%s: bad %d", "a\x1b[31m\r\n\x7f\xc2\x9bz", 7),
                     ATTUNE_E_FORMAT);
    assert_int_equal(err.status, ATTUNE_E_FORMAT);
    assert_string_equal(err.text, "a?[31m????z: bad 7");
    at_fail(&err, ATTUNE_E_IO, "na\xc3\xafve \xe6\x97\xa5"); /* UTF-8 stays */
    assert_string_equal(err.text, "na\xc3\xafve \xe6\x97\xa5");
}

static void hidden_characters_are_shown(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"plain, na\xc3\xafve, \xe6\x97\xa5, \xf0\x9f\x98\x80", NULL},
        {"a\xe2\x80\xae"
         "fdp.exe",
         "a?fdp.exe"},                        /* right to left from here on */
        {"\xe2\x81\xa6x\xe2\x81\xa9", "?x?"}, /* isolates */
        {"a\xe2\x80\x8b"
         "b\xef\xbb\xbf\xc2\xad",
         "a?b??"},                          /* of no width */
        {"\xe3\x85\xa4\xe2\xa0\x80", "??"}, /* blank letters */
        {"a\xe2\x80\xa8"
         "b\x1b]0;x\x07\xc2\x9b",
         "a?b?]0;x??"},            /* other lines, controls */
        {"\xf3\xa0\x81\x81", "?"}, /* tags */
        {"a\xe2\x80\x8d\xef\xb8\x8f"
         "b",
         "a??b"},
        {"\xe2\x80\xae\xe2\x80\x8d", "??"},
        {"\xe2\x9d\xa4\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x94\xa5", NULL}, /* joiners after ASCII */
        {"\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae", NULL},                 /* a Persian verb has one */
        {"\xe2\x9d\xa4\xef\xb8\x8f", NULL},                             /* a red heart */
        {"\xff\xc3;\xe2\x82", "??;??"},                                 /* no UTF-8 */
    };
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(at_visible_copy(text, sizeof text, cases[i][0]),
                            cases[i][1] ? cases[i][1] : cases[i][0]);
    assert_string_equal(at_visible_copy(text, sizeof text, NULL), "");
    assert_string_equal(at_visible_copy(text, 4, "ab\xe2\x82\xac"), "ab"); /* not cut in two */
}

static void characters_are_read_as_they_stand(void **state)
{
    static const struct {
        const char *text;
        size_t bytes;
        uint32_t code;
    } cases[] = {
        {"a", 1, 'a'},
        {"\xc3\x9f", 2, 0xdf},
        {"\xe2\x82\xac", 3, 0x20ac},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
        {"\xf4\x90\x80\x80", 0, 0}, /* none beyond */
        {"\xed\x9f\xbf", 3, 0xd7ff},
        {"\xed\xa0\x80", 0, 0}, /* half a pair of UTF-16 */
        {"\xc1\xbf", 0, 0},     /* longer than need be */
        {"\xe0\x9f\xbf", 0, 0},
        {"\xf0\x8f\xbf\xbf", 0, 0},
        {"\x9f", 0, 0},
        {"\xff", 0, 0},
        {"\xe2\x82", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t code = 0;
        assert_int_equal(at_utf8_read(cases[i].text, AT_UTF8_MOST, &code), cases[i].bytes);
        assert_int_equal(code, cases[i].code);
        for (size_t n = 0; n < cases[i].bytes; n++) /* cut, whatever stands behind */
            assert_int_equal(at_utf8_read(cases[i].text, n, &code), 0);
    }
}

static void error_text_is_cut(void **state)
{
    (void)state;
    struct {
        attune_error err;
        char after[8];
    } box;
    memset(&box, 'x', sizeof box);
    char longer[4 * sizeof box.err.text];
    memset(longer, 'n', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    at_fail(&box.err, ATTUNE_E_IO, "%s", longer);
    assert_int_equal(strlen(box.err.text), sizeof box.err.text - 1);
    assert_memory_equal(box.after, "xxxxxxxx", 8);
}

static void error_is_nullable(void **state)
{
    (void)state;
    assert_int_equal(at_fail(NULL, ATTUNE_E_ARG, "%s", "nobody listens"), ATTUNE_E_ARG);
    assert_int_equal(at_fail_nomem(NULL), ATTUNE_E_NOMEM);
}

/* ---- digest ----------------------------------------------------------------------------- */

/* By xxhsum -H1, of so many bytes (7 i^2 + i) mod 251; in whatever pieces they come. */
static void digest_is_xxh64(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint64_t digest;
    } known[] = {
        {0, 0xef46db3751d8e999U},   {1, 0xe934a84adb052768U},    {4, 0xa52c40dc1e458cb4U},
        {7, 0x2a5fe019bc716223U},   {8, 0x2bc9f117fe5c541dU},    {31, 0x208e23eac0ee3fa5U},
        {32, 0xda7d7a4231ee2ac0U},  {33, 0xf7ced3acea35cc81U},   {64, 0x458839d9490370bbU},
        {100, 0x0a4f11d0b53909a7U}, {1000, 0x93b17183e46861beU},
    };
    unsigned char data[1000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)((7 * i * i + i) % 251);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        for (size_t piece = 1; piece <= 97; piece += 3) {
            at_digest d;
            at_digest_begin(&d);
            for (size_t at = 0; at < known[i].n; at += piece)
                at_digest_add(&d, data + at, known[i].n - at < piece ? known[i].n - at : piece);
            assert_int_equal(at_digest_of(&d), known[i].digest);
        }
    }
}

/* ---- memory ----------------------------------------------------------------------------- */

static void alloc_is_aligned_and_checked(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 63, 64, 65, 4097};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *p = at_calloc(sizes[i], 3);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % AT_ALIGN, 0);
        for (size_t j = 0; j < sizes[i] * 3; j++)
            assert_int_equal(p[j], 0);
        at_free(p);
    }
    assert_null(at_alloc(SIZE_MAX, 1));
    assert_null(at_alloc(SIZE_MAX / 2 + 1, 2)); /* wraps to 0 */
    assert_null(at_calloc(SIZE_MAX / 4 + 2, 4));
    at_free(NULL);
}

static void arena_gives_aligned_distinct_memory(void **state)
{
    (void)state;
    at_arena a = {.block_bytes = 1000};
    unsigned char *p[100];
    for (int i = 0; i < 100; i++) {
        p[i] = at_arena_alloc(&a, (size_t)i * 7, 1);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % AT_ALIGN, 0);
        memset(p[i], i, (size_t)i * 7);
    }
    for (int i = 0; i < 100; i++)
        for (int j = 0; j < i * 7; j++)
            assert_int_equal(p[i][j], i);
    assert_null(at_arena_alloc(&a, SIZE_MAX, 8));
    at_arena_free(&a);
    assert_null(a.head);
    at_arena_free(&a);
}

static void arena_reuses_its_memory(void **state)
{
    (void)state;
    at_arena a = {.block_bytes = 4096};
    for (int i = 0; i < 50; i++)
        assert_non_null(at_arena_alloc(&a, 300, 4));
    assert_in_range(a.used_bytes, 50 * 1200, 50 * 1300);
    at_arena_reset(&a);
    assert_int_equal(a.used_bytes, 0);

    const struct at_arena_block *block = a.head;
    unsigned char *first = NULL;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 50; i++) {
            unsigned char *p = at_arena_alloc(&a, 300, 4);
            assert_non_null(p);
            memset(p, 0xee, 1200);
            if (i == 0 && round == 0)
                first = p;
            if (i == 0)
                assert_ptr_equal(p, first);
        }
        assert_ptr_equal(a.head, block); /* no new block: the same bytes again */
        at_arena_reset(&a);
    }
    at_arena_free(&a);
}

/* ---- pool ------------------------------------------------------------------------------- */

enum { TASKS = 1000 };

typedef struct pool_probe {
    at_pool *pool;
    atomic_int runs[TASKS];
    atomic_int strange; /* thread numbers out of range */
    int plain[TASKS];   /* written without atomics: the end of the loop must make it visible */
} pool_probe;

static void probe_task(void *arg, int task, int thread)
{
    pool_probe *p = arg;
    if (thread < 0 || thread >= at_pool_threads(p->pool))
        atomic_fetch_add(&p->strange, 1);
    atomic_fetch_add(&p->runs[task], 1);
    p->plain[task] = task + 1;
}

static void pool_runs_each_task_once(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 3, 7};
    static const int sizes[] = {0, 1, 2, 3, 5, 64, TASKS};
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        at_pool *pool = NULL;
        attune_error err = {0};
        assert_int_equal(at_pool_create(&pool, threads[t], &err), ATTUNE_OK);
        assert_int_equal(at_pool_threads(pool), threads[t]);
        for (int repeat = 0; repeat < 40; repeat++) {
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
                static pool_probe p;
                memset(&p, 0, sizeof p);
                p.pool = pool;
                at_pool_run(pool, sizes[s], probe_task, &p);
                for (int i = 0; i < TASKS; i++) {
                    assert_int_equal(p.runs[i], i < sizes[s]);
                    assert_int_equal(p.plain[i], i < sizes[s] ? i + 1 : 0);
                }
                assert_int_equal(p.strange, 0);
            }
            if (repeat % 20 == 19)
                usleep(2000); /* long enough for the workers to go to sleep */
        }
        at_pool_free(&pool);
        assert_null(pool);
    }
}

static void in_order(void *arg, int task, int thread)
{
    int *next = arg;
    assert_int_equal(thread, 0);
    assert_int_equal(task, *next);
    *next += 1;
}

static void pool_null_runs_in_order(void **state)
{
    (void)state;
    int next = 0;
    at_pool_run(NULL, 20, in_order, &next);
    assert_int_equal(next, 20);
    assert_int_equal(at_pool_threads(NULL), 1);
    at_pool *none = NULL;
    at_pool_free(&none);
}

static void inner_task(void *arg, int task, int thread)
{
    (void)task;
    atomic_int *count = arg;
    atomic_fetch_add(count, thread == 0 ? 1 : 1000000);
}

static void outer_task(void *arg, int task, int thread)
{
    (void)thread;
    pool_probe *p = arg;
    at_pool_run(p->pool, 10, inner_task, &p->runs[task]);
}

static void pool_nested_runs_in_line(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        static pool_probe p;
        memset(&p, 0, sizeof p);
        assert_int_equal(at_pool_create(&p.pool, threads, NULL), ATTUNE_OK);
        at_pool_run(p.pool, 100, outer_task, &p);
        for (int i = 0; i < 100; i++)
            assert_int_equal(p.runs[i], 10);
        at_pool_free(&p.pool);
    }
}

static void slow_task(void *arg, int task, int thread)
{
    (void)thread;
    pool_probe *p = arg;
    usleep(task == 0 ? 100 : 30000);
    p->plain[task] = 1;
}

/* The caller is done first and has to sleep until the worker is. */
static void pool_waits_for_slow_tasks(void **state)
{
    (void)state;
    static pool_probe p;
    assert_int_equal(at_pool_create(&p.pool, 2, NULL), ATTUNE_OK);
    for (int repeat = 0; repeat < 3; repeat++) {
        memset(p.plain, 0, sizeof p.plain);
        at_pool_run(p.pool, 4, slow_task, &p);
        for (int i = 0; i < 4; i++)
            assert_int_equal(p.plain[i], 1);
    }
    at_pool_free(&p.pool);
}

static void pool_rejects_bad_counts(void **state)
{
    (void)state;
    at_pool *pool = NULL;
    attune_error err = {0};
    assert_int_equal(at_pool_create(&pool, -1, &err), ATTUNE_E_ARG);
    assert_null(pool);
    assert_true(strlen(err.text) > 0);
    assert_int_equal(at_pool_create(&pool, 0, &err), ATTUNE_OK);
    assert_true(at_pool_threads(pool) >= 1);
    at_pool_free(&pool);
}

/* ---- random numbers --------------------------------------------------------------------- */

/* The demonstration of the PCG C library: seed 42, sequence 54. */
static void rng_is_pcg32(void **state)
{
    (void)state;
    static const uint32_t want[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
                                    0x83d2f293, 0xbfa4784b, 0xcbed606e};
    at_rng r = {.state = 0, .stream = 54u << 1 | 1};
    at_rng_u32(&r);
    r.state += 42;
    at_rng_u32(&r);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(at_rng_u32(&r), want[i]);
}

/* Computed by an independent script (SplitMix64 of seed and stream, then PCG32). */
static void rng_seeding_is_fixed(void **state)
{
    (void)state;
    static const uint32_t want[] = {0x36c679fb, 0x714be128, 0xbc0dd1a1, 0xa34e202b, 0x042e565d};
    at_rng r;
    at_rng_seed(&r, 1, 2);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(at_rng_u32(&r), want[i]);

    at_rng a, b;
    at_rng_seed(&a, 1, 2);
    at_rng_seed(&b, 1, 3);
    int same = 0;
    for (int i = 0; i < 1000; i++)
        same += at_rng_u32(&a) == at_rng_u32(&b);
    assert_true(same <= 1);
}

static void rng_is_uniform(void **state)
{
    (void)state;
    enum { CELLS = 13, DRAWS = 130000 };
    at_rng r;
    at_rng_seed(&r, 7, 0);
    int counts[CELLS] = {0}, halves[2] = {0};
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint32_t v = at_rng_below(&r, CELLS);
        assert_in_range(v, 0, CELLS - 1);
        counts[v]++;
        /* with 3/4 of 2^32 cells, plain x % n or x * n >> 32 would favour some by 2 to 1 */
        halves[at_rng_below(&r, 0xc0000000u) % 3 == 0]++;
        float f = at_rng_float(&r);
        assert_true(f >= 0 && f < 1);
        sum += f;
        float g = at_rng_range(&r, -2, 3);
        assert_true(g >= -2 && g < 3);
    }
    double chi2 = 0, want = (double)DRAWS / CELLS;
    for (int i = 0; i < CELLS; i++)
        chi2 += (counts[i] - want) * (counts[i] - want) / want;
    assert_true(chi2 < 32.9); /* 12 degrees of freedom, p = 0.001 */
    assert_true(fabs(halves[1] / (double)DRAWS - 1.0 / 3) < 0.005);
    assert_true(fabs(sum / DRAWS - 0.5) < 0.004);
    for (int i = 0; i < 100; i++)
        assert_int_equal(at_rng_below(&r, 1), 0);
}

static void rng_normal_has_its_moments(void **state)
{
    (void)state;
    enum { DRAWS = 200000 };
    at_rng r;
    at_rng_seed(&r, 3, 9);
    double m1 = 0, m2 = 0, m4 = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = (double)at_rng_normal(&r);
        assert_true(isfinite(x));
        m1 += x;
        m2 += x * x;
        m4 += x * x * x * x;
    }
    assert_true(fabs(m1 / DRAWS) < 0.01);
    assert_true(fabs(m2 / DRAWS - 1) < 0.02);
    assert_true(fabs(m4 / DRAWS - 3) < 0.15);
}

static void rng_shuffle_is_fair(void **state)
{
    (void)state;
    enum { N = 6, ROUNDS = 60000 };
    at_rng r;
    at_rng_seed(&r, 5, 5);
    int at[N][N] = {{0}};
    for (int round = 0; round < ROUNDS; round++) {
        int v[N], seen = 0;
        for (int i = 0; i < N; i++)
            v[i] = i;
        at_rng_shuffle(&r, v, N);
        for (int i = 0; i < N; i++) {
            seen |= 1 << v[i];
            at[v[i]][i]++;
        }
        assert_int_equal(seen, (1 << N) - 1);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            assert_in_range(at[i][j], ROUNDS / N - 450, ROUNDS / N + 450); /* 5 deviations */
    at_rng_shuffle(&r, NULL, 0);
}

/* ---- progress --------------------------------------------------------------------------- */

static void progress_stays_quiet_and_time_goes_on(void **state)
{
    (void)state;
    double t = at_now();
    at_progress p;
    at_progress_start(&p, "label", 1);
    at_progress_update(&p, 1, 2, "note");
    at_progress_end(&p);
    assert_int_equal(p.drawn, 0);
    usleep(1000);
    assert_true(at_now() >= t + 0.001);
}

/* Of every size up to where the gaps grow; some values come twice. */
static void sort_orders_and_loses_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 10, 300, 702, 2500, 20000};
    at_rng r;

    at_rng_seed(&r, 7, 0);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t n = sizes[s];
        float *v = at_alloc(n, sizeof *v);
        double before = 0, after = 0;
        assert_non_null(v);
        for (size_t i = 0; i < n; i++)
            before += v[i] = (float)(at_rng_u32(&r) % 1000) - 500;
        at_sort_floats(v, n);
        for (size_t i = 0; i < n; i++)
            after += v[i];
        for (size_t i = 1; i < n; i++)
            assert_true(v[i - 1] <= v[i]);
        assert_true(before == after);
        at_free(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_text_is_cleaned),
        cmocka_unit_test(error_text_is_cut),
        cmocka_unit_test(hidden_characters_are_shown),
        cmocka_unit_test(characters_are_read_as_they_stand),
        cmocka_unit_test(error_is_nullable),
        cmocka_unit_test(digest_is_xxh64),
        cmocka_unit_test(alloc_is_aligned_and_checked),
        cmocka_unit_test(arena_gives_aligned_distinct_memory),
        cmocka_unit_test(arena_reuses_its_memory),
        cmocka_unit_test(pool_runs_each_task_once),
        cmocka_unit_test(pool_null_runs_in_order),
        cmocka_unit_test(pool_nested_runs_in_line),
        cmocka_unit_test(pool_waits_for_slow_tasks),
        cmocka_unit_test(pool_rejects_bad_counts),
        cmocka_unit_test(rng_is_pcg32),
        cmocka_unit_test(rng_seeding_is_fixed),
        cmocka_unit_test(rng_is_uniform),
        cmocka_unit_test(rng_normal_has_its_moments),
        cmocka_unit_test(rng_shuffle_is_fair),
        cmocka_unit_test(sort_orders_and_loses_nothing),
        cmocka_unit_test(progress_stays_quiet_and_time_goes_on),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
