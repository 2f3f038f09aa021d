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
static void put_sets(void)
{
    static const char *const other[] = {"angry", "happy", "sad"};
    FILE *votes = create_in_folder("fer2013new.csv");
    FILE *labels = create_in_folder("fer2013_labels.csv");
    fputs("Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,"
          "NF\n",
          votes);
    fputs("split,png,fer2013_label\n", labels);
    for (int i = 0; i < PICTURES; i++) {
        char name[64];
        snprintf(name, sizeof name, "FER2013Train/%02d.ppm", i);
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

static void a_drawn_part_has_all_labels_of_the_set_beside(void **state)
{
    static const char *const splits[] = {"all", "random:train", "random:fold1/3"};
    const attune_train_options options = {.data_dir = temp_folder, .quiet = 1};
    char name[] = "recipe.json";
    const at_recipe recipe = {.path = name};
    const at_job job = {.options = &options, .recipe = &recipe};
    (void)state;
    put_sets();
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        const at_pictures_settings data = {
            .set[0] = {.dataset = "ferplus", .train = splits[i], .also = "fer2013", .share = 1},
            .sets = 1};
        at_face_set s;
        attune_error err = {0};
        if (at_face_set_load(&s, &job, &data, AT_PART_TRAIN, 0, NULL, NULL, &err) != ATTUNE_OK)
            fail_msg("%s", err.text);
        assert_in_range(s.faces.count, PICTURES / 4, PICTURES);
        assert_int_equal(labelled(&s), s.faces.count);
        at_face_set_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drawn_part_has_all_labels_of_the_set_beside),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
