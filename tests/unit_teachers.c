/* Teachers of either trunk: their word is what the network itself says, and only where there is a
 * label to soften. */
#include "base/mem.h"
#include "model/visual.h"
#include "train/checkpoint.h"
#include "train/teachers.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { ROWS = 3, SIDE = 64, PIXELS = ROWS * SIDE * SIDE * 3 };

static char dir[] = "/tmp/attune-teachers-XXXXXX";
static at_params network[2]; /* V2, V1, with batch norm */

static char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void make_network(at_params *p, at_trunk trunk, const char *file)
{
    at_rng rng;
    at_rng_seed(&rng, 5, (uint64_t)trunk);
    assert_int_equal(at_visual_init(p, trunk, &rng, NULL), 0);
    for (int i = 0; i < p->count; i++) {
        at_param *q = p->list[i];
        const char *part = strrchr(q->name, '.');
        for (size_t k = 0, n = at_tensor_count(&q->value); k < n; k++)
            if (!strcmp(part, ".gamma") || !strcmp(part, ".var"))
                q->value.data[k] = at_rng_range(&rng, 0.7f, 1.4f);
            else if (!strcmp(part, ".beta") || !strcmp(part, ".mean"))
                q->value.data[k] = at_rng_range(&rng, -0.3f, 0.3f);
            else if (!strncmp(q->name, "visual.expression.", 18) ||
                     !strncmp(q->name, "visual.basic.", 13))
                q->value.data[k] *= 4; /* answers that are not all alike */
    }
    assert_int_equal(at_params_save(path_of(file), p, NULL, NULL), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    make_network(&network[0], AT_MOBILENET_V2, "v2.safetensors");
    make_network(&network[1], AT_MOBILENET_V1, "v1.safetensors");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        at_params_free(&network[i]);
    unlink(path_of("v1.safetensors"));
    unlink(path_of("v2.safetensors"));
    unlink(path_of("recipe.json"));
    return rmdir(dir);
}

static int load(const char *teachers, at_teachers **t, attune_error *err)
{
    at_recipe r;
    attune_train_options o = {0};
    FILE *f = fopen(path_of("recipe.json"), "w");
    assert_non_null(f);
    fprintf(f, "{\"kind\": \"visual\", \"name\": \"x\"%s%s}", *teachers ? ", \"teachers\": " : "",
            teachers);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(at_recipe_load(&r, path_of("recipe.json"), err), 0);
    int status = at_teachers_load(t, &r, &o, NULL, err);
    at_recipe_free(&r);
    return status;
}

/* What both networks say of the rows, on average, without folding. */
static void expect(const float *x, float *votes, float *basic)
{
    memset(votes, 0, ROWS * AT_FACE_CLASSES * sizeof *votes);
    memset(basic, 0, ROWS * AT_BASIC_CLASSES * sizeof *basic);
    for (int i = 0; i < 2; i++) {
        at_visual_options o = {0};
        at_visual_out out;
        float p[AT_FACE_CLASSES];
        at_graph *g;
        assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
        at_graph_begin(g, AT_INFER, 0);
        at_tensor *in = at_tensor_new(g, 4, (int[]){ROWS, SIDE, SIDE, 3}, 0);
        memcpy(in->data, x, PIXELS * sizeof *x);
        at_visual_forward(g, &network[i], in, &o, &out);
        assert_int_equal(at_graph_status(g), 0);
        assert_int_equal(out.embedding->dim[1], i == 0 ? 1280 : 1024);
        for (int r = 0; r < ROWS; r++) {
            at_probabilities(out.expression->data + r * AT_FACE_CLASSES, AT_FACE_CLASSES, 1, p);
            for (int k = 0; k < AT_FACE_CLASSES; k++)
                votes[r * AT_FACE_CLASSES + k] += p[k] / 2;
            at_probabilities(out.basic->data + r * AT_BASIC_CLASSES, AT_BASIC_CLASSES, 1, p);
            for (int k = 0; k < AT_BASIC_CLASSES; k++)
                basic[r * AT_BASIC_CLASSES + k] += p[k] / 2;
        }
        at_graph_free(&g);
    }
}

static void labels_move_by_the_share(void **state)
{
    (void)state;
    static float x[PIXELS];
    float votes[ROWS * AT_FACE_CLASSES], basic[ROWS * AT_BASIC_CLASSES];
    at_face_labels l = {0};
    at_teachers *t;
    at_rng rng;
    at_rng_seed(&rng, 9, 0);
    for (int i = 0; i < PIXELS; i++)
        x[i] = at_rng_range(&rng, -1, 1);
    expect(x, votes, basic);
    float least = 1, most = 0;
    for (int k = 0; k < AT_FACE_CLASSES; k++) {
        least = fminf(least, votes[k]);
        most = fmaxf(most, votes[k]);
    }
    assert_true(most > least + 0.1f);

    /* Row 0 has both labels, row 1 votes alone, row 2 none. */
    assert_int_equal(at_face_labels_create(&l, ROWS, NULL), 0);
    l.votes_row[0] = l.votes_row[1] = l.basic_row[0] = 1;
    l.votes[2] = l.votes[AT_FACE_CLASSES + 5] = l.basic[3] = 1;
    assert_int_equal(
        load("{\"models\": [\"v2.safetensors\", \"v1.safetensors\"], \"share\": 0.25}", &t, NULL),
        0);
    assert_int_equal(at_teachers_soften(t, x, ROWS, SIDE, &l), 0);
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int k = 0; k < AT_FACE_CLASSES; k++) {
            int own = k == (r == 0 ? 2 : 5), at = r * AT_FACE_CLASSES + k;
            float want = r < 2 ? 0.75f * (float)own + 0.25f * votes[at] : 0;
            assert_float_equal(l.votes[at], want, 1e-4);
            sum += (double)l.votes[at];
        }
        assert_float_equal(sum, r < 2 ? 1 : 0, 1e-4);
        for (int k = 0; k < AT_BASIC_CLASSES; k++) {
            int at = r * AT_BASIC_CLASSES + k;
            float want = r == 0 ? 0.75f * (float)(k == 3) + 0.25f * basic[at] : 0;
            assert_float_equal(l.basic[at], want, 1e-4);
        }
    }
    at_teachers_free(&t);
    at_teachers_free(&t);
    at_face_labels_free(&l);
}

static void recipes_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } bad[] = {
        {"{\"models\": []}", ATTUNE_E_FORMAT},
        {"{\"models\": [7]}", ATTUNE_E_FORMAT},
        {"{\"models\": [\"v1.safetensors\"], \"share\": 0}", ATTUNE_E_FORMAT},
        {"{\"models\": [\"v1.safetensors\"], \"share\": 1.5}", ATTUNE_E_FORMAT},
        {"{\"models\": [\"v1.safetensors\"], \"shares\": 1}", ATTUNE_E_FORMAT},
        {"{\"models\": [\"recipe.json\"]}", ATTUNE_E_FORMAT},
        {"{\"models\": [\"missing.safetensors\"]}", ATTUNE_E_IO},
    };
    at_teachers *t;
    attune_error err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(load(bad[i].text, &t, &err), bad[i].status);
        assert_null(t);
        assert_true(strlen(err.text) > 0);
    }
    assert_int_equal(load("", &t, &err), ATTUNE_OK);
    assert_null(t); /* no teachers is no fault */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_move_by_the_share),
        cmocka_unit_test(recipes_are_checked),
    };
    return cmocka_run_group_tests_name("teachers", tests, set_up, tear_down);
}
