/* Weight files: what is written comes back, and hostile files give an error. */
#include "base/digest.h"
#include "base/mem.h"
#include "temp_folder.h"
#include "tensor/weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <math.h>
#include <cmocka.h>

static const char name[] = "w.safetensors", *path;

static int set_up(void **state)
{
    const int status = make_folder(state);
    path = made_in_folder(name);
    return status;
}

/* A file from a header and size bytes of data; length < 0: the header's own. */
static void write_raw(const char *header, long long length, const void *data, size_t size)
{
    FILE *f = create_in_folder(name);
    const uint64_t n = length < 0 ? strlen(header) : (uint64_t)length;
    unsigned char le[8];

    for (int i = 0; i < 8; i++)
        le[i] = (unsigned char)(n >> 8 * i);
    fwrite(le, 1, 8, f);
    fwrite(header, 1, strlen(header), f);
    if (size > 0)
        fwrite(data, 1, size, f);
    assert_int_equal(fclose(f), 0);
}

static void round_trip(void **state)
{
    (void)state;
    const float a[6] = {1, -2.5F, 3e30F, 0, 1e-20F, 6}, b[3] = {0.5F, -1024, 65504}, c = 7;
    const float d[2] = {1e6F, INFINITY};
    const int dim_a[2] = {2, 3}, dim_b[1] = {3}, dim_d[1] = {2}, dim_e[2] = {0, 4};
    at_weights_writer *writer = NULL;
    at_weights *w = NULL;
    attune_error err = {0};

    assert_int_equal(at_weights_writer_create(&writer, &err), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "b.half", 1, dim_b, b, 1), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "a", 2, dim_a, a, 0), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "scalar", 0, NULL, &c, 0), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "too big for f16", 1, dim_d, d, 1), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "empty", 2, dim_e, a, 0), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "a", 2, dim_a, a, 0), ATTUNE_E_ARG);
    assert_int_equal(at_weights_put(writer, "__metadata__", 2, dim_a, a, 0), ATTUNE_E_ARG);
    assert_int_equal(at_weights_put_meta(writer, "licence", "none \"at\" all\n"), ATTUNE_OK);
    assert_int_equal(at_weights_put_meta(writer, "not utf-8", "\xff\xfe"), ATTUNE_E_ARG);
    assert_int_equal(at_weights_save(writer, path, &err), ATTUNE_OK);
    at_weights_writer_free(&writer);
    assert_null(writer);

    assert_int_equal(at_weights_load_within(&w, path, 10000, &err), ATTUNE_OK);
    assert_int_equal(at_weights_count(w), 5);
    const at_weight *x = at_weights_find(w, "a");
    assert_non_null(x);
    assert_int_equal(x->rank, 2);
    assert_int_equal(x->dim[0], 2);
    assert_int_equal(x->dim[1], 3);
    assert_int_equal(x->count, 6);
    assert_memory_equal(x->data, a, sizeof a);
    assert_int_equal((uintptr_t)x->data % AT_ALIGN, 0);
    x = at_weights_find(w, "b.half");
    assert_non_null(x);
    assert_memory_equal(x->data, b, sizeof b); /* all three are exact in f16 */
    x = at_weights_find(w, "scalar");
    assert_non_null(x);
    assert_int_equal(x->rank, 0);
    assert_true(x->count == 1 && x->data[0] == c);
    x = at_weights_find(w, "too big for f16");
    assert_non_null(x);
    assert_memory_equal(x->data, d, sizeof d);
    x = at_weights_find(w, "empty");
    assert_non_null(x);
    assert_int_equal(x->count, 0);
    assert_null(at_weights_find(w, "absent"));
    assert_null(at_weights_find(w, "__metadata__"));

    const char *key = NULL;
    assert_string_equal(at_weights_meta(w, "licence"), "none \"at\" all\n");
    assert_null(at_weights_meta(w, "absent"));
    assert_string_equal(at_weights_meta_at(w, 0, &key), "none \"at\" all\n");
    assert_string_equal(key, "licence");
    assert_non_null(at_weights_meta_at(w, 1, &key));
    assert_string_equal(key, "xxh64");
    assert_null(at_weights_meta_at(w, 2, &key));

    const at_weight_source source = at_weights_source(w);
    at_weight found = {0};
    assert_int_equal(source.find(source.user, "a", &found), 1);
    assert_ptr_equal(found.data, at_weights_find(w, "a")->data);
    assert_int_equal(source.find(source.user, "absent", &found), 0);
    at_weights_free(&w);
    assert_null(w);
    at_weights_free(&w);
}

/* A model's every number has a range; of training's own files those that are asked about. */
static void numbers_have_a_range(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, 1.00001e6F, -3e38F};
    float x[3] = {1e6F, -1e6F, 0};
    for (int i = -1; i < 5; i++) {
        at_weights_writer *writer = NULL;
        at_weights *w = NULL;
        attune_error err = {0};
        x[2] = i < 0 ? 0 : bad[i];
        assert_int_equal(at_weights_writer_create(&writer, NULL), ATTUNE_OK);
        assert_int_equal(at_weights_put(writer, "v/a", 1, (int[]){3}, x, 0), ATTUNE_OK);
        assert_int_equal(at_weights_save(writer, path, NULL), ATTUNE_OK);
        at_weights_writer_free(&writer);
        assert_int_equal(at_weights_load(&w, path, &err), i < 0 ? ATTUNE_OK : ATTUNE_E_FORMAT);
        if (i >= 0)
            assert_non_null(strstr(err.text, "v/a[2] is "));
        at_weights_free(&w);
        assert_int_equal(at_weights_load_within(&w, path, 10000, NULL), ATTUNE_OK);
        assert_int_equal(at_weights_check(w, path, "m/", 0, 1, NULL), ATTUNE_OK);
        assert_int_equal(at_weights_check(w, path, "v/", 0, 1e9F, &err), ATTUNE_E_FORMAT);
        assert_non_null(strstr(err.text, "v/a[1] is -1e+06, must be from 0 to 1e+09"));
        at_weights_free(&w);
        assert_int_equal(at_weights_load_within(&w, path, 20, NULL), ATTUNE_E_FORMAT);
    }
}

static void no_metadata(void **state)
{
    (void)state;
    const unsigned char one[4] = {0, 0, 0x80, 0x3f};
    const char *key = NULL;
    at_weights *w = NULL;

    write_raw("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", -1, one, 4);
    assert_int_equal(at_weights_load(&w, path, NULL), ATTUNE_OK);
    assert_true(at_weights_find(w, "x")->data[0] == 1.0F);
    assert_null(at_weights_meta(w, "x"));
    assert_null(at_weights_meta_at(w, 0, &key));
    at_weights_free(&w);
}

#define ONE(type, shape, from, to) \
    "{\"x\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}}"

/* Each with eight bytes of data behind it. */
static const struct {
    const char *what, *header;
    int status;
} hostile[] = {
    {"fits (or the others prove nothing)", ONE("F32", "[2]", "0", "8"), ATTUNE_OK},
    {"empty header", "", ATTUNE_E_FORMAT},
    {"not JSON", "{\"x\":", ATTUNE_E_FORMAT},
    {"an array", "[1,2]", ATTUNE_E_FORMAT},
    {"an entry that is a number", "{\"x\":3}", ATTUNE_E_FORMAT},
    {"past the end", ONE("F32", "[3]", "0", "12"), ATTUNE_E_FORMAT},
    {"far past the end", ONE("F32", "[2]", "9223372036854775800", "9223372036854775807"),
     ATTUNE_E_FORMAT},
    {"past 64 bits", ONE("F32", "[2]", "0", "99999999999999999999"), ATTUNE_E_FORMAT},
    {"backwards", ONE("F32", "[2]", "8", "0"), ATTUNE_E_FORMAT},
    {"negative offset", ONE("F32", "[2]", "-8", "0"), ATTUNE_E_FORMAT},
    {"real offset", ONE("F32", "[2]", "0", "8.0"), ATTUNE_E_FORMAT},
    {"too few bytes", ONE("F32", "[4]", "0", "8"), ATTUNE_E_FORMAT},
    {"too many bytes", ONE("F32", "[1]", "0", "8"), ATTUNE_E_FORMAT},
    {"negative size", ONE("F32", "[-2]", "0", "8"), ATTUNE_E_FORMAT},
    {"two negative sizes", ONE("F32", "[-2,-1]", "0", "8"), ATTUNE_E_FORMAT},
    {"size past int", ONE("F32", "[4294967298]", "0", "8"), ATTUNE_E_FORMAT},
    {"product wraps to 2", ONE("F32", "[2147483647,2147483647,2147483647,2147483647]", "0", "8"),
     ATTUNE_E_FORMAT},
    {"product wraps to 0", ONE("F32", "[1073741824,1073741824,1073741824]", "0", "0"),
     ATTUNE_E_FORMAT},
    {"nine dimensions", ONE("F32", "[1,1,1,1,1,1,1,1,2]", "0", "8"), ATTUNE_E_FORMAT},
    {"shape not a list", ONE("F32", "2", "0", "8"), ATTUNE_E_FORMAT},
    {"size a text", ONE("F32", "[\"2\"]", "0", "8"), ATTUNE_E_FORMAT},
    {"other type", ONE("I64", "[1]", "0", "8"), ATTUNE_E_UNSUPPORTED},
    {"unknown type", ONE("", "[2]", "0", "8"), ATTUNE_E_UNSUPPORTED},
    {"bytes left over", ONE("F32", "[1]", "0", "4"), ATTUNE_E_FORMAT},
    {"hole in front", ONE("F32", "[1]", "4", "8"), ATTUNE_E_FORMAT},
    {"no type", "{\"x\":{\"shape\":[2],\"data_offsets\":[0,8]}}", ATTUNE_E_FORMAT},
    {"no shape", "{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", ATTUNE_E_FORMAT},
    {"no offsets", "{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}", ATTUNE_E_FORMAT},
    {"one offset", "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8]}}",
     ATTUNE_E_FORMAT},
    {"overlap",
     "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
     "\"y\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
     ATTUNE_E_FORMAT},
    {"name twice",
     "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
     ATTUNE_E_FORMAT},
    {"metadata a list",
     "{\"__metadata__\":[],\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
     ATTUNE_E_FORMAT},
    {"metadata of numbers",
     "{\"__metadata__\":{\"a\":1},\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
     ATTUNE_E_FORMAT},
};

static void hostile_headers(void **state)
{
    (void)state;
    const unsigned char data[8] = {0};

    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        at_weights *w = NULL;
        attune_error err = {0};
        write_raw(hostile[i].header, -1, data, sizeof data);
        const int status = at_weights_load(&w, path, &err);
        if (status != hostile[i].status)
            fail_msg("%s: status %d, wanted %d (%s)", hostile[i].what, status, hostile[i].status,
                     err.text);
        if (status != ATTUNE_OK) {
            assert_null(w);
            assert_int_equal(err.status, status);
            assert_true(err.text[0] != 0);
        }
        at_weights_free(&w);
    }
}

static void hostile_lengths(void **state)
{
    (void)state;
    static const long long length[] = {0, 1, 5, 1LL << 24, 1LL << 40, INT64_MAX, INT64_MIN};
    at_weights *w = NULL;

    for (size_t i = 0; i < sizeof length / sizeof length[0]; i++) {
        write_raw("{\"x\":{}}", length[i] == INT64_MIN ? -2 : length[i], "", 0);
        assert_int_equal(at_weights_load(&w, path, NULL), ATTUNE_E_FORMAT);
    }
    put_bytes(name, "\4\0\0", 3); /* shorter than the length itself */
    assert_int_equal(at_weights_load(&w, path, NULL), ATTUNE_E_FORMAT);
    assert_int_equal(at_weights_load(&w, temp_folder, NULL), ATTUNE_E_IO);
    unlink(path);
    assert_int_equal(at_weights_load(&w, path, NULL), ATTUNE_E_IO);
}

/* Every prefix of a good file, and every byte of its front flipped: an error or a file that can be
 * walked, never a crash (the sanitizers watch). */
static void cut_and_flipped(void **state)
{
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"F16\",\"shape\":[2,1],"
        "\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}";
    unsigned char file[8 + sizeof header - 1 + 12] = {sizeof header - 1};
    at_weights *w = NULL;
    attune_error err = {0};

    memcpy(file + 8, header, sizeof header - 1);
    for (size_t n = 0; n <= sizeof file; n++) {
        put_bytes(name, file, n);
        assert_int_equal(at_weights_load(&w, path, &err) == ATTUNE_OK, n == sizeof file);
        assert_true(n == sizeof file || strstr(err.text, n < 8 ? "too short" : "cut short"));
        at_weights_free(&w);
    }
    for (size_t i = 0; i < 8 * (8 + sizeof header - 1); i++) {
        file[i / 8] ^= (unsigned char)(1 << i % 8);
        put_bytes(name, file, sizeof file);
        file[i / 8] ^= (unsigned char)(1 << i % 8);
        if (at_weights_load(&w, path, NULL) == ATTUNE_OK) {
            size_t total = 0;
            for (int k = 0; k < at_weights_count(w); k++)
                total += at_weights_at(w, k)->count;
            assert_true(total <= 6);
        }
        at_weights_free(&w);
    }
}

static int load_bytes(const unsigned char *file, size_t n, attune_error *err)
{
    at_weights *w = NULL;
    put_bytes(name, file, n);
    const int status = at_weights_load(&w, path, err);
    at_weights_free(&w);
    return status;
}

/* They are widened where they lie, a thousand at a time. */
static void f16_of_any_length(void **state)
{
    (void)state;
    static const int lengths[] = {1, 2, 1023, 1024, 1025, 2047, 2048, 2049, 3000, 5000};
    static float a[5000];
    for (int i = 0; i < 5000; i++)
        a[i] = (float)(i % 2039 - 1000); /* exact in f16 */
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        at_weights_writer *writer = NULL;
        at_weights *w = NULL;
        assert_int_equal(at_weights_writer_create(&writer, NULL), ATTUNE_OK);
        assert_int_equal(at_weights_put(writer, "a", 1, &lengths[k], a, 1), ATTUNE_OK);
        assert_int_equal(at_weights_save(writer, path, NULL), ATTUNE_OK);
        at_weights_writer_free(&writer);
        assert_int_equal(at_weights_load(&w, path, NULL), ATTUNE_OK);
        assert_memory_equal(at_weights_find(w, "a")->data, a, (size_t)lengths[k] * sizeof *a);
        at_weights_free(&w);
    }
}

static int load_piped(const unsigned char *file, size_t n, attune_error *err)
{
    char of_pipe[32];
    int fds[2];
    at_weights *w = NULL;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], file, n), (ssize_t)n); /* a pipe holds more than a test's file */
    close(fds[1]);
    snprintf(of_pipe, sizeof of_pipe, "/dev/fd/%d", fds[0]);
    const int status = at_weights_load(&w, of_pipe, err);
    if (status == ATTUNE_OK) {
        assert_int_equal(at_weights_count(w), 2);
        assert_memory_equal(at_weights_find(w, "a")->data, ((float[]){1, -2}), 2 * sizeof(float));
        assert_memory_equal(at_weights_find(w, "b")->data, ((float[]){3, 0.5F}), 2 * sizeof(float));
    }
    at_weights_free(&w);
    close(fds[0]);
    return status;
}

/* What cannot tell its size: whole, cut anywhere, and longer than its header says. */
static void out_of_a_pipe(void **state)
{
    (void)state;
    static const float a[2] = {1, -2}, b[2] = {3, 0.5F};
    at_weights_writer *writer = NULL;
    attune_error err = {0};

    assert_int_equal(at_weights_writer_create(&writer, NULL), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "a", 1, (int[]){2}, a, 1), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "b", 1, (int[]){2}, b, 0), ATTUNE_OK);
    assert_int_equal(at_weights_save(writer, path, NULL), ATTUNE_OK);
    at_weights_writer_free(&writer);

    size_t n;
    unsigned char *file = (unsigned char *)read_bytes(name, &n);
    for (size_t cut = 0; cut < n; cut++) {
        assert_int_equal(load_piped(file, cut, &err), ATTUNE_E_FORMAT);
        assert_non_null(strstr(err.text, cut < 8 ? "too short" : "cut short"));
    }
    assert_int_equal(load_piped(file, n, &err), ATTUNE_OK);
    file = realloc(file, n + 1);
    assert_non_null(file);
    file[n] = 0;
    assert_int_equal(load_piped(file, n + 1, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "goes on after the last tensor"));
    file[n - 1] ^= 1;
    assert_int_equal(load_piped(file, n, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "damaged"));
    free(file);
    static const char huge[] =
        "{\"x\":{\"dtype\":\"F16\",\"shape\":[100000000],\"data_offsets\":[0,200000000]}}";
    unsigned char claim[8 + sizeof huge - 1] = {sizeof huge - 1};
    memcpy(claim + 8, huge, sizeof huge - 1);
    assert_int_equal(load_piped(claim, sizeof claim, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "further than is read"));
}

/* The digits are those of xxhsum -H1 over what follows the length, without them. */
static void digest_is_of_the_rest(void **state)
{
    (void)state;
    static const float a[5] = {1, 2, 3, 4, 5};
    static const char front[] = "\"xxh64\":\"", other[] = "ffffffffffffffff";
    at_weights_writer *writer = NULL;
    char digits[17];
    attune_error err = {0};
    at_digest d;

    assert_int_equal(at_weights_writer_create(&writer, NULL), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "a", 1, (int[]){5}, a, 0), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "b", 1, (int[]){3}, a, 1), ATTUNE_OK);
    assert_int_equal(at_weights_put_meta(writer, "k", "\"xxh64\":\"0000000000000000"), ATTUNE_OK);
    assert_int_equal(at_weights_save(writer, path, NULL), ATTUNE_OK);
    at_weights_writer_free(&writer);

    size_t n;
    unsigned char *file = (unsigned char *)read_bytes(name, &n);
    unsigned char *at = memmem(file, n, front, sizeof front - 1);
    assert_non_null(at);
    at += sizeof front - 1;
    at_digest_begin(&d);
    at_digest_add(&d, file + 8, (size_t)(at - file) - 8);
    at_digest_add(&d, at + 16, (size_t)(file + n - at) - 16);
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)at_digest_of(&d));
    assert_memory_equal(at, digits, 16);
    assert_int_equal(load_bytes(file, n, NULL), ATTUNE_OK);
    memcpy(at, other, 16);
    assert_int_equal(load_bytes(file, n, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "damaged"));
    at[16] = ' '; /* no longer the end of the text */
    assert_int_equal(load_bytes(file, n, NULL), ATTUNE_E_FORMAT);
    free(file);
}

/* Whichever bit of what was written is flipped: an error, unless it is one of the digest's own name,
 * which makes a file without one of it. */
static void each_flip_is_noticed(void **state)
{
    (void)state;
    static const float a[4] = {1, -2, 0.5F, 3};
    static const char digest[] = "xxh64";
    at_weights_writer *writer = NULL;
    size_t loaded = 0;

    assert_int_equal(at_weights_writer_create(&writer, NULL), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "a", 1, (int[]){4}, a, 0), ATTUNE_OK);
    assert_int_equal(at_weights_put(writer, "b", 2, (int[]){2, 2}, a, 1), ATTUNE_OK);
    assert_int_equal(at_weights_put_meta(writer, "usual", "1.25"), ATTUNE_OK);
    assert_int_equal(at_weights_save(writer, path, NULL), ATTUNE_OK);
    at_weights_writer_free(&writer);

    size_t n;
    unsigned char *file = (unsigned char *)read_bytes(name, &n);
    const unsigned char *own = memmem(file, n, digest, sizeof digest - 1);
    assert_non_null(own);
    const size_t from = (size_t)(own - file);
    for (size_t i = 0; i < 8 * n; i++) {
        file[i / 8] ^= (unsigned char)(1 << i % 8);
        const int status = load_bytes(file, n, NULL);
        file[i / 8] ^= (unsigned char)(1 << i % 8);
        if (status == ATTUNE_OK && (i / 8 < from || i / 8 >= from + sizeof digest - 1))
            fail_msg("bit %zu of byte %zu of %zu goes unnoticed", i % 8, i / 8, n);
        loaded += status == ATTUNE_OK;
    }
    assert_in_range(loaded, 1, 8 * (sizeof digest - 1));
    free(file);
}

static void save_fails_whole(void **state)
{
    (void)state;
    at_weights_writer *writer = NULL;
    attune_error err = {0};
    const char *deep = in_folder("absent/w.safetensors");

    assert_int_equal(at_weights_writer_create(&writer, &err), ATTUNE_OK);
    assert_int_equal(at_weights_save(writer, deep, &err), ATTUNE_E_IO);
    assert_true(strstr(err.text, "absent") != NULL);
    at_weights_writer_free(&writer);
    at_weights_writer_free(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(numbers_have_a_range),
        cmocka_unit_test(no_metadata),
        cmocka_unit_test(hostile_headers),
        cmocka_unit_test(hostile_lengths),
        cmocka_unit_test(cut_and_flipped),
        cmocka_unit_test(f16_of_any_length),
        cmocka_unit_test(out_of_a_pipe),
        cmocka_unit_test(digest_is_of_the_rest),
        cmocka_unit_test(each_flip_is_noticed),
        cmocka_unit_test(save_fails_whole),
    };
    return cmocka_run_group_tests(tests, set_up, remove_folder);
}
