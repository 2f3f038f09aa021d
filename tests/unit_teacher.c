/* Facial movements and poses from a teacher: its file, packed and plain, whole and damaged; what of it
 * is true of a picture that was aligned, turned and mirrored; and what mixing leaves of it. */
#include "data/gunzip.h"
#include "base/mem.h"
#include "temp_folder.h"
#include "train/face_set.h"
#include "train/mixup.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static const char table[] = "table.csv", *path;

static int set_up(void **state)
{
    const int status = make_folder(state);
    path = made_in_folder(table);
    return status;
}

static void write_packed(const char *text)
{
    gzFile f = gzopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, text, (unsigned)strlen(text)), (int)strlen(text));
    assert_int_equal(gzclose(f), Z_OK);
}

/* Movement u of row r is r + u, and each row's pose 10 r, 20 r, 30 r. rows[r]: "set,file,found". */
static void make_text(char *text, size_t size, const char *const *rows, const char *unit_0)
{
    size_t n = (size_t)snprintf(text, size, "set,file,found,yaw,pitch,roll,_neutral");
    for (int u = 0; u < ATTUNE_UNITS; u++)
        n += (size_t)snprintf(text + n, size - n, ",%s", attune_units[u].name);
    for (int r = 0; rows[r]; r++) {
        n += (size_t)snprintf(text + n, size - n, "\n%s,%d,%d,%d,0", rows[r], 10 * r, 20 * r,
                              30 * r);
        n += (size_t)snprintf(text + n, size - n, ",%s", unit_0);
        for (int u = 1; u < ATTUNE_UNITS; u++)
            n += (size_t)snprintf(text + n, size - n, ",%d", r + u);
    }
    assert_true(n < size);
}

static const char *const rows[] = {"b,x/2.png,1", "a,1.png,1", "a,3.png,0", NULL};

static void check_teacher(void)
{
    at_teacher *t = NULL;
    assert_int_equal(at_teacher_load(&t, path, NULL), ATTUNE_OK);
    const at_taught *seen = at_teacher_find(t, "/data/a/1.png");
    assert_non_null(seen);
    assert_float_equal(seen->pose[1], 20, 0);
    assert_float_equal(seen->unit[4], 5 / 255.0, 1e-6);
    assert_non_null(at_teacher_find(t, "/data/more/b/x/2.png"));
    assert_null(at_teacher_find(t, "/data/x/2.png"));  /* of which set? */
    assert_null(at_teacher_find(t, "/data/a/3.png"));  /* no face */
    assert_null(at_teacher_find(t, "/data/ba/1.png")); /* another set */
    assert_null(at_teacher_find(t, "1.png"));
    at_teacher_free(&t);
    assert_null(t);
}

static void test_file(void **state)
{
    char text[8000];
    (void)state;
    make_text(text, sizeof text, rows, "0");
    put_text(table, text);
    check_teacher();
    write_packed(text);
    check_teacher();
}

static void assert_refused(attune_status status, const char *word)
{
    at_teacher *t = NULL;
    attune_error err;
    assert_int_equal(at_teacher_load(&t, path, &err), status);
    assert_null(t);
    assert_non_null(strstr(err.text, word));
}

static void test_bad_file(void **state)
{
    char text[8000];
    (void)state;
    make_text(text, sizeof text, rows, "256");
    put_text(table, text);
    assert_refused(ATTUNE_E_FORMAT, ":2: browDownLeft is '256', must be a number from 0 to 255");
    make_text(text, sizeof text, rows, "x");
    put_text(table, text);
    assert_refused(ATTUNE_E_FORMAT, "'x'");
    memcpy(strstr(text, "browDown"), "browJump", 8);
    put_text(table, text);
    assert_refused(ATTUNE_E_FORMAT, "browDownLeft");
}

/* Cut anywhere, or with a bit wrong in data or checksum, a packed file is refused; two members are one
 * text; and what grows beyond the limit is not unpacked. */
static void test_damaged_gzip(void **state)
{
    enum { N = 70000 };
    unsigned char *packed, *out = NULL;
    char *text = malloc(N + 1);
    size_t size, got;
    (void)state;
    assert_non_null(text);
    for (int i = 0; i < N; i++)
        text[i] = (char)('a' + i % 251 * i % 23);
    text[N] = '\0';
    write_packed(text);
    packed = (unsigned char *)read_bytes(table, &size);
    assert_true(size > 100 && size < N);
    assert_true(at_is_gzip(packed, size));
    assert_int_equal(at_gunzip("x", packed, size, N + 1, &out, &got, NULL), ATTUNE_OK);
    assert_int_equal(got, N);
    assert_memory_equal(out, text, N + 1);
    at_free(out);
    for (size_t cut = 0; cut < size; cut += cut < 30 || cut > size - 30 ? 1 : 17)
        assert_int_equal(at_gunzip("x", packed, cut, 4 * N, &out, &got, NULL), ATTUNE_E_FORMAT);
    packed[size - 6] ^= 1; /* of the checksum */
    assert_int_equal(at_gunzip("x", packed, size, 4 * N, &out, &got, NULL), ATTUNE_E_FORMAT);
    packed[size - 6] ^= 1;
    assert_int_equal(at_gunzip("x", packed, size, N - 1, &out, &got, NULL), ATTUNE_E_UNSUPPORTED);
    assert_null(out);
    packed = realloc(packed, 2 * size);
    assert_non_null(packed);
    memcpy(packed + size, packed, size);
    assert_int_equal(at_gunzip("x", packed, 2 * size, 4 * N, &out, &got, NULL), ATTUNE_OK);
    assert_int_equal(got, 2 * N);
    at_free(out);
    free(packed);
    free(text);
}

/* ---- labels --------------------------------------------------------------------------------- */

static int unit_named(const char *name)
{
    int u = 0;
    while (strcmp(attune_units[u].name, name) != 0)
        u++;
    return u;
}

static void test_mirror(void **state)
{
    int moved = 0;
    (void)state;
    for (int u = 0; u < ATTUNE_UNITS; u++) {
        assert_int_equal(at_unit_mirrored(at_unit_mirrored(u)), u);
        assert_int_equal(attune_units[u].au != 0 || strstr(attune_units[u].name, "mouth"), 1);
        moved += at_unit_mirrored(u) != u;
    }
    assert_int_equal(moved, 40);
    assert_int_equal(at_unit_mirrored(unit_named("jawLeft")), unit_named("jawRight"));
    assert_int_equal(at_unit_mirrored(unit_named("eyeLookInLeft")), unit_named("eyeLookInRight"));
    assert_int_equal(at_unit_mirrored(unit_named("jawOpen")), unit_named("jawOpen"));
    assert_int_equal(attune_units[unit_named("mouthSmileRight")].au, 12);
    assert_int_equal(attune_units[unit_named("browInnerUp")].au, 1);
}

/* Sample 0 was seen with its head 25 degrees clockwise, and is aligned by turning it 20 back;
 * sample 1 was not seen. */
typedef struct little_set {
    at_face_set s;
    at_face_sample list[2];
    at_taught seen;
    const at_taught *taught[2];
    signed char basic[2];
} little_set;

static void make_set(little_set *l)
{
    const float back = -20 / 57.29578F;
    memset(l, 0, sizeof *l);
    l->seen.pose[0] = 15;
    l->seen.pose[1] = -6;
    l->seen.pose[2] = 25;
    l->seen.unit[unit_named("jawLeft")] = 0.75F;
    l->list[0].m[0] = cosf(back);
    l->list[0].m[3] = sinf(back);
    l->list[1].m[0] = 1;
    l->taught[0] = &l->seen;
    l->s.faces.list = l->list;
    l->s.faces.count = 2;
    l->s.taught = l->taught;
    l->s.basic = l->basic;
    for (int u = 0; u < ATTUNE_UNITS; u++)
        l->s.unit_weight[u] = 2;
}

static void assert_pose(const at_face_labels *l, int row, float yaw, float pitch, float roll)
{
    const float *pose = l->pose + 3 * row;
    assert_float_equal(pose[0], yaw / AT_POSE_DEGREES, 1e-5);
    assert_float_equal(pose[1], pitch / AT_POSE_DEGREES, 1e-5);
    assert_float_equal(pose[2], roll / AT_POSE_DEGREES, 1e-5);
}

static void test_labels(void **state)
{
    static const int index[] = {0, 1, 0};
    const at_face_drawn drawn[] = {{.turned = 8, .mirrored = 1}, {.mirrored = 1}, {.turned = 8}};
    const int left = unit_named("jawLeft"), right = unit_named("jawRight");
    little_set set;
    at_face_labels l;
    (void)state;
    make_set(&set);
    assert_int_equal(at_face_labels_create(&l, 3, NULL), 0);
    at_face_labels_fill(&l, &set.s, index, drawn, 3);
    assert_int_equal(l.taught_n, 2);
    assert_pose(&l, 0, -15, -6, -13);
    assert_pose(&l, 2, 15, -6, 13);
    assert_float_equal(l.units[right], 0.75, 0);
    assert_float_equal(l.units[left], 0, 0);
    assert_float_equal(l.units[2 * ATTUNE_UNITS + left], 0.75, 0);
    for (int u = 0; u < ATTUNE_UNITS; u++) {
        assert_float_equal(l.units_weight[u], 2, 0);
        assert_float_equal(l.units_weight[ATTUNE_UNITS + u], 0, 0);
    }
    assert_float_equal(l.pose_weight[2], 1, 0);
    assert_float_equal(l.pose_weight[3], 0, 0);
    at_face_labels_fill(&l, &set.s, index, NULL, 1);
    assert_pose(&l, 0, 15, -6, 5);
    at_face_labels_free(&l);
}

/* Rows 0 and 2 both were seen, and mix; then 0 and 1, and nothing is known of the mixture. */
static void test_mixed(void **state)
{
    static const int both[] = {0, 0}, one[] = {0, 1};
    const int left = unit_named("jawLeft");
    const at_face_drawn drawn[] = {{.mirrored = 0}, {.mirrored = 1}};
    little_set set;
    at_face_labels l;
    float x[2] = {0, 1}, covered[2] = {0, 0};
    (void)state;
    make_set(&set);
    assert_int_equal(at_face_labels_create(&l, 2, NULL), 0);
    at_face_labels_fill(&l, &set.s, both, drawn, 2);
    l.votes_row[0] = l.votes_row[1] = l.basic_row[0] = l.basic_row[1] = 1;
    at_mix_faces(x, 1, &l, covered, 2, 0.4F, 5);
    assert_true(x[1] > 0 && x[1] < 1);
    assert_float_equal(l.units[left], 0.75F * x[1], 1e-6);
    assert_float_equal(l.pose[0], (2 * x[1] - 1) * 15 / AT_POSE_DEGREES, 1e-6);
    assert_float_equal(l.units_weight[left], 2, 0);

    at_face_labels_fill(&l, &set.s, one, drawn, 2);
    l.votes_row[0] = l.votes_row[1] = l.basic_row[0] = l.basic_row[1] = 1;
    at_mix_faces(x, 1, &l, covered, 2, 0.4F, 5);
    for (int u = 0; u < 2 * ATTUNE_UNITS; u++)
        assert_float_equal(l.units_weight[u], 0, 0);
    assert_float_equal(l.pose_weight[0], 0, 0);
    at_face_labels_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),         cmocka_unit_test(test_bad_file),
        cmocka_unit_test(test_damaged_gzip), cmocka_unit_test(test_mirror),
        cmocka_unit_test(test_labels),       cmocka_unit_test(test_mixed),
    };
    return cmocka_run_group_tests(tests, set_up, remove_folder);
}
