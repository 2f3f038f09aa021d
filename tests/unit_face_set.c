/* A recipe's faces, read from a set with the labels of another beside it. */
#include "train/face_set.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PICTURES = 42, SIDE = 8 };

/* FER+ has two classes of these, FER2013 three others: parts are drawn otherwise. */
static void put_set(const char *folder)
{
    static const char *const other[] = {"angry", "happy", "sad"};
    char list[64];
    snprintf(list, sizeof list, "%s/fer2013new.csv", folder);
    FILE *votes = create_in_folder(list);
    snprintf(list, sizeof list, "%s/fer2013_labels.csv", folder);
    FILE *labels = create_in_folder(list);
    fputs("Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,"
          "NF\n",
          votes);
    fputs("split,png,fer2013_label\n", labels);
    for (int i = 0; i < PICTURES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/FER2013Train/%02d.ppm", folder, i);
        FILE *picture = create_in_folder(name);
        fprintf(picture, "P6\n%d %d\n255\n", SIDE, SIDE);
        for (int k = 0; k < 3 * SIDE * SIDE; k++)
            fputc(5 * i, picture);
        fclose(picture);
        fprintf(votes, "Training,%02d.ppm,%s,0,0,0,0,0,0,0,0\n", i, i % 2 ? "9,0" : "0,9");
        fprintf(labels, "FER2013Train,%02d.ppm,%s\n", i, other[i % 3]);
    }
    fclose(votes);
    fclose(labels);
}

static int labelled(const at_face_set *s)
{
    int n = 0;
    for (int i = 0; i < s->faces.count; i++)
        n += s->basic[i] >= 0;
    return n;
}

static int load(at_face_set *s, const at_pictures_settings *data, attune_error *err)
{
    const attune_train_options options = {.data_dir = temp_folder, .quiet = 1};
    char name[] = "recipe.json";
    const at_recipe recipe = {.path = name};
    const at_job job = {.options = &options, .recipe = &recipe};
    return at_face_set_load(s, &job, data, AT_PART_TRAIN, 0, NULL, NULL, err);
}

static at_set_settings set_with(const char *folder, const char *dataset, const char *split,
                                const char *also)
{
    return (at_set_settings){
        .folder = folder, .dataset = dataset, .train = split, .also = also, .share = 1};
}

static void a_drawn_part_has_all_labels_of_the_set_beside(void **state)
{
    static const char *const splits[] = {"all", "random:train", "random:fold1/3"};
    (void)state;
    put_set("a");
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        const at_pictures_settings data = {.set[0] = set_with("a", "ferplus", splits[i], "fer2013"),
                                           .sets = 1};
        at_face_set s;
        attune_error err = {0};
        if (load(&s, &data, &err) != ATTUNE_OK)
            fail_msg("%s", err.text);
        assert_in_range(s.faces.count, PICTURES / 4, PICTURES);
        assert_int_equal(labelled(&s), s.faces.count);
        at_face_set_free(&s);
    }
}

static void each_set_has_its_own_beside(void **state)
{
    const at_pictures_settings data = {.set[0] = set_with("a", "ferplus", "all", "fer2013"),
                                       .set[1] = set_with("b", "ferplus", "all", "fer2013"),
                                       .sets = 2};
    at_face_set s;
    attune_error err = {0};
    (void)state;
    put_set("a");
    put_set("b");
    if (load(&s, &data, &err) != ATTUNE_OK)
        fail_msg("%s", err.text);
    assert_int_equal(s.faces.count, 2 * PICTURES);
    assert_int_equal(labelled(&s), 2 * PICTURES);
    at_face_set_free(&s);
}

/* FER+ has a class more, and in another order. */
static void labels_of_another_kind_are_refused(void **state)
{
    const at_pictures_settings data = {.set[0] = set_with("a", "fer2013", "all", "ferplus"),
                                       .sets = 1};
    at_face_set s;
    attune_error err = {0};
    (void)state;
    put_set("a");
    assert_int_equal(load(&s, &data, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "also takes a set with FER2013's labels, not ferplus"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drawn_part_has_all_labels_of_the_set_beside),
        cmocka_unit_test(each_set_has_its_own_beside),
        cmocka_unit_test(labels_of_another_kind_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
