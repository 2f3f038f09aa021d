/* The cache: what comes out is what was put in, or nothing. */
#include "data/cache.h"
#include "data/faces.h"
#include "data/voices.h"

#include "base/mem.h"
#include "temp_folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static at_cache *open_cache(void)
{
    at_cache *c;
    assert_int_equal(at_cache_open(&c, in_folder("kept"), NULL), ATTUNE_OK);
    return c;
}

static at_cache_key key_of(const char *kind, const char *content)
{
    at_cache_key k;
    at_cache_key_begin(&k, kind);
    at_cache_key_add(&k, content, strlen(content));
    return k;
}

/* The files of the folder: their number, and the path of the last. */
static int entries(char path[512])
{
    const char *dir = in_folder("kept");
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') {
            snprintf(path, 512, "%s/%s", dir, e->d_name);
            n++;
        }
    closedir(d);
    return n;
}

static void assert_kept(at_cache *c, const at_cache_key *k, const char *text)
{
    unsigned char *data;
    size_t n;
    assert_int_equal(at_cache_get(c, k, &data, &n), 1);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(data, text, n);
    at_free(data);
}

static void assert_none(at_cache *c, const at_cache_key *k)
{
    unsigned char *data;
    size_t n;
    assert_int_equal(at_cache_get(c, k, &data, &n), 0);
}

static void keeps_and_finds(void **state)
{
    at_cache *c = open_cache(), *other = open_cache(); /* as another process would */
    const at_cache_key a = key_of("face", "one"), b = key_of("face", "two"),
                       voice = key_of("voice", "one");
    char path[512];
    struct stat st;
    (void)state;
    assert_none(c, &a);
    at_cache_put(c, &a, "head", 4, "body", 4);
    at_cache_put(c, &b, "x", 1, NULL, 0);
    assert_kept(c, &a, "headbody");
    assert_kept(other, &a, "headbody");
    assert_kept(c, &b, "x");
    assert_none(c, &voice); /* of another kind */
    assert_int_equal(entries(path), 2);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(at_cache_count(c).found, 2);
    assert_int_equal(at_cache_count(c).made, 2);
    at_cache_free(&c);
    at_cache_free(&other);
}

/* What a run that was killed had begun goes; what only looks like it stays. */
static void dead_entries_are_swept(void **state)
{
    static const char dead[] = "kept/00112233445566778899aabbccddeeff.tmp-abc123",
                      other[] = "kept/00112233445566778899aabbccddee.tmp-abc123";
    at_cache *c = open_cache();
    char path[512];
    (void)state;
    at_cache_free(&c);
    const int before = entries(path);
    put_text(dead, "");
    put_text(other, "");
    c = open_cache();
    at_cache_free(&c);
    assert_int_equal(unlink(in_folder(other)), 0);
    assert_int_equal(entries(path), before);
}

/* Below folders that are not there either, and not another's own. */
static void a_new_folder_is_its_owners(void **state)
{
    at_cache *c;
    const char *path = in_folder("some/where");
    struct stat st;
    (void)state;
    assert_int_equal(at_cache_open(&c, path, NULL), ATTUNE_OK);
    at_cache_free(&c);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(at_cache_open(&c, path, NULL), ATTUNE_OK);
    at_cache_free(&c);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
}

/* What is added in pieces is not what is added in others. */
static void keys_differ(void **state)
{
    at_cache *c = open_cache();
    at_cache_key a, b;
    (void)state;
    at_cache_key_begin(&a, "k");
    at_cache_key_add(&a, "ab", 2);
    at_cache_key_add(&a, "c", 1);
    at_cache_key_begin(&b, "k");
    at_cache_key_add(&b, "a", 1);
    at_cache_key_add(&b, "bc", 2);
    at_cache_put(c, &a, "x", 1, NULL, 0);
    assert_none(c, &b);
    assert_int_equal(strlen(at_code_digest), 64);
    at_cache_free(&c);
}

static void damage_is_no_entry(void **state)
{
    const at_cache_key k = key_of("face", "one");
    at_cache *c = open_cache();
    char path[512];
    (void)state;
    at_cache_put(c, &k, "headbody", 8, NULL, 0);
    assert_int_equal(entries(path), 1);
    for (long size = 0; size < 48; size++) { /* 40 of header, 8 of it */
        assert_int_equal(truncate(path, size), 0);
        assert_none(c, &k);
        at_cache_put(c, &k, "headbody", 8, NULL, 0); /* is written again */
        assert_kept(c, &k, "headbody");
    }
    for (long at = 0; at < 48; at++) {
        FILE *f = fopen(path, "r+b");
        assert_non_null(f);
        fseek(f, at, SEEK_SET);
        const int byte = fgetc(f);
        fseek(f, at, SEEK_SET);
        fputc(byte ^ 4, f);
        fclose(f);
        assert_none(c, &k);
        at_cache_put(c, &k, "headbody", 8, NULL, 0);
    }
    assert_kept(c, &k, "headbody");
    assert_int_equal(entries(path), 1); /* nothing half written is left */
    at_cache_free(&c);
}

static void without_a_place(void **state)
{
    at_cache *c;
    attune_error err;
    const at_cache_key k = key_of("face", "one");
    (void)state;
    assert_int_equal(at_cache_open(&c, put_text("file", ""), &err), ATTUNE_E_IO);
    assert_null(c);
    assert_int_equal(at_cache_open(&c, "", &err), ATTUNE_E_ARG);
    c = open_cache();
    assert_int_equal(rmdir(in_folder("kept")), 0); /* gone meanwhile: done without */
    at_cache_put(c, &k, "x", 1, NULL, 0);
    assert_none(c, &k);
    assert_int_equal(at_cache_count(c).unwritten, 1);
    at_cache_free(&c);
}

/* ---- what is kept --------------------------------------------------------------------------- */

static void write_ppm(const char *name, int w, int h, int grain)
{
    FILE *f = create_in_folder(name);
    fprintf(f, "P6\n%d %d\n255\n", w, h);
    for (int i = 0; i < w * h * 3; i++)
        fputc((i * grain + i / 7) & 255, f);
    fclose(f);
}

static at_faces load_faces(at_cache *cache, const char *name)
{
    at_corpus c = {.dataset = "folder", .head = AT_HEAD_EMOTION7, .crops = 1, .cache = cache};
    at_faces f;
    assert_non_null(at_corpus_add(&c, in_folder(name)));
    assert_int_equal(at_faces_load(&f, &c, 1, NULL, NULL, NULL, NULL), ATTUNE_OK);
    at_corpus_free(&c);
    return f;
}

static void assert_same_faces(const at_faces *a, const at_faces *b)
{
    const at_face_sample *x = a->list, *y = b->list;
    assert_int_equal(a->count, 1);
    assert_int_equal(b->count, 1);
    assert_int_equal(x->found, y->found);
    assert_memory_equal(x->m, y->m, sizeof x->m);
    assert_memory_equal(&x->face, &y->face, sizeof x->face);
    assert_int_equal(x->image.w, y->image.w);
    assert_int_equal(x->image.h, y->image.h);
    for (int row = 0; row < x->image.h; row++)
        assert_memory_equal(at_image_at(&x->image, 0, row), at_image_at(&y->image, 0, row),
                            3 * (size_t)x->image.w);
}

static void faces_are_the_same_bits(void **state)
{
    static const struct {
        int w, h;
        size_t least, most;                                   /* of the entry */
    } cases[] = {{31, 47, 4400, 4700}, {600, 500, 100, 300}}; /* large ones without their pixels */
    at_cache *c = open_cache();
    char path[512];
    struct stat st;
    (void)state;
    for (int i = 0; i < 2; i++) {
        write_ppm("a.ppm", cases[i].w, cases[i].h, 5);
        at_faces plain = load_faces(NULL, "a.ppm"), made = load_faces(c, "a.ppm");
        assert_int_equal(at_cache_count(c).found, i);
        write_ppm("b.ppm", cases[i].w, cases[i].h, 5); /* content counts, not the name */
        at_faces found = load_faces(c, "b.ppm");
        assert_int_equal(at_cache_count(c).found, i + 1);
        assert_int_equal(at_cache_count(c).made, i + 1);
        assert_same_faces(&plain, &made);
        assert_same_faces(&plain, &found);
        at_faces_free(&plain);
        at_faces_free(&made);
        at_faces_free(&found);
    }
    write_ppm("a.ppm", 31, 47, 6); /* another picture under the name */
    at_faces other = load_faces(c, "a.ppm");
    assert_int_equal(at_cache_count(c).made, 3);
    at_faces_free(&other);
    assert_int_equal(entries(path), 3);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 4700);
    at_cache_free(&c);
}

enum { SOUND = 24000, ROWS = 160, INPUTS = ROWS * AT_FEATURE_COLS };

static at_voices one_voice(at_cache *cache, at_voice_sample *s, const float *pcm)
{
    *s = (at_voice_sample){.pcm = (float *)pcm, .n = SOUND, .cache = cache};
    return (at_voices){.list = s, .count = 1};
}

static void voices_are_the_same_bits(void **state)
{
    static float pcm[SOUND], plain[INPUTS], made[INPUTS], found[INPUTS];
    static const at_voice_augment augment = {.noise_p = 1, .snr_min = 5, .snr_max = 20};
    static const at_spec_masks masks = {.freq_masks = 2, .freq_width = 6};
    at_cache *c = open_cache();
    at_voice_sample s;
    const int index = 0;
    int length[3];
    (void)state;
    for (int i = 0; i < SOUND; i++)
        pcm[i] = (i / 3000 % 2 ? 0.3f : 0.01f) * ((float)(i * 37 % 101) / 50 - 1);
    for (int with = 0; with < 4; with++) {
        const at_voice_augment *a = with & 1 ? &augment : NULL;
        const at_spec_masks *m = with & 2 ? &masks : NULL;
        at_voices v = one_voice(NULL, &s, pcm);
        assert_int_equal(at_voices_rows(&v, &index, 1, ROWS, a, m, 9, NULL, plain, &length[0]), 0);
        v = one_voice(c, &s, pcm);
        assert_int_equal(at_voices_rows(&v, &index, 1, ROWS, a, m, 9, NULL, made, &length[1]), 0);
        memset(found, 1, sizeof found);
        assert_int_equal(at_voices_rows(&v, &index, 1, ROWS, a, m, 9, NULL, found, &length[2]), 0);
        assert_int_equal(at_cache_count(c).found, with + 1);
        assert_int_equal(at_cache_count(c).made, with + 1);
        assert_memory_equal(plain, made, sizeof plain);
        assert_memory_equal(plain, found, sizeof plain);
        assert_true(length[0] == length[1] && length[0] == length[2]);
    }
    at_voices v = one_voice(c, &s, pcm); /* another seed, another sound: made anew */
    assert_int_equal(at_voices_rows(&v, &index, 1, ROWS, &augment, NULL, 10, NULL, made, length),
                     0);
    assert_int_equal(at_cache_count(c).made, 5);
    pcm[5] = 0.5f;
    assert_int_equal(at_voices_rows(&v, &index, 1, ROWS, NULL, NULL, 9, NULL, made, length), 0);
    assert_int_equal(at_cache_count(c).made, 6);
    at_voice_heard heard[2];
    assert_int_equal(at_voice_rows(&s, ROWS, made, &heard[0]), 0);
    s.cache = NULL;
    assert_int_equal(at_voice_rows(&s, ROWS, plain, &heard[1]), 0);
    assert_memory_equal(plain, made, sizeof plain);
    assert_memory_equal(heard[0].functionals, heard[1].functionals, sizeof heard[0].functionals);
    assert_true(heard[0].speech == heard[1].speech && heard[0].length == heard[1].length);
    at_cache_free(&c);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder_with_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keeps_and_finds),
        CASE(dead_entries_are_swept),
        CASE(a_new_folder_is_its_owners),
        CASE(keys_differ),
        CASE(damage_is_no_entry),
        CASE(without_a_place),
        CASE(faces_are_the_same_bits),
        CASE(voices_are_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
