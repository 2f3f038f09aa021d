/* Labels that are in part what other networks say. */
#include "train/face_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { FACES = 3 };

typedef struct made {
    at_face_set set;
    at_face_sample sample[FACES];
    signed char basic[FACES];
    const at_taught *taught[FACES];
    float said_votes[FACES * AT_FACE_CLASSES], said_basic[FACES * AT_BASIC_CLASSES];
} made;

/* The first face has FER+'s votes, the second FER2013's label, the third neither; the ensemble is sure of
 * class 2 of each. */
static void make(made *m, float share)
{
    memset(m, 0, sizeof *m);
    for (int i = 0; i < FACES; i++) {
        m->basic[i] = (signed char)(i == 1 ? 5 : -1);
        m->said_votes[i * AT_FACE_CLASSES + 2] = m->said_basic[i * AT_BASIC_CLASSES + 2] = 1;
        m->sample[i].label.engagement = -1;
        m->sample[i].label.state[0] = -1;
    }
    m->sample[0].label.votes[0] = 0.75f;
    m->sample[0].label.votes[1] = 0.25f;
    m->set = (at_face_set){.faces = {.list = m->sample, .count = FACES},
                           .basic = m->basic,
                           .taught = m->taught,
                           .ensemble = {m->said_votes, m->said_basic},
                           .ensemble_share = share};
}

static void a_share_of_the_label_is_theirs(void **state)
{
    const float shares[] = {0, 0.4f, 1};
    (void)state;
    for (int k = 0; k < 3; k++) {
        made m;
        at_face_labels l;
        attune_error err;
        const float share = shares[k];
        make(&m, share);
        assert_int_equal(at_face_labels_create(&l, FACES, &err), ATTUNE_OK);
        at_face_labels_fill(&l, &m.set, (int[]){0, 1, 2}, NULL, FACES);
        assert_float_equal(l.votes[0], (1 - share) * 0.75f, 1e-6f);
        assert_float_equal(l.votes[1], (1 - share) * 0.25f, 1e-6f);
        assert_float_equal(l.votes[2], share, 1e-6f);
        assert_float_equal(l.basic[AT_BASIC_CLASSES + 5], 1 - share, 1e-6f);
        assert_float_equal(l.basic[AT_BASIC_CLASSES + 2], share, 1e-6f);
        for (int c = 0; c < AT_FACE_CLASSES; c++) /* no votes: nothing is learned of them */
            assert_float_equal(l.votes[2 * AT_FACE_CLASSES + c], 0, 0);
        assert_float_equal(l.votes_row[2] + l.basic_row[2], 0, 0);
        at_face_labels_free(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_share_of_the_label_is_theirs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
