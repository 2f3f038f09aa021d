/* Recipes: bases, and every number of every kind held to its range. */
#include "temp_folder.h"
#include "train/recipe.h"
#include "train/settings.h"
#include <attune/train.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* ---- files and bases ------------------------------------------------------------------------ */

static int load(const char *name, at_recipe *r, attune_error *err)
{
    return at_recipe_load(r, in_folder(name), err);
}

static void test_files(void **state)
{
    static const char *const wrong[] = {
        "{\"kind\": ",
        "[]",
        "{\"kind\": \"visual\"}",
        "{\"kind\": 3, \"name\": \"x\"}",
        "{\"kind\": \"visual\", \"name\": \"\"}",
        "{\"kind\": \"visual\", \"name\": \"../x\"}",
        "{\"kind\": \"visual\", \"name\": \"x\", \"kind\": \"audio\"}",
        "{\"kind\": \"visual\", \"name\": \"x\", \"base\": 3}",
    };
    at_recipe r;
    attune_error err;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put_text("a.json", wrong[i]);
        assert_int_equal(load("a.json", &r, &err), ATTUNE_E_FORMAT);
        assert_null(r.root);
    }
    assert_int_equal(attune_train("/nowhere/recipe.json", NULL, &err), ATTUNE_E_IO);
    put_text("a.json", "{\"kind\": \"poem\", \"name\": \"x\"}");
    assert_int_equal(attune_train(in_folder("a.json"), NULL, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "poem"));
    assert_non_null(strstr(
        err.text,
        "visual, hog, audio, functionals, detector, temporal, fusion, assemble, ranges, chain"));
    put_text("a.json", "{\"kind\": \"chain\", \"name\": \"x\", \"steps\": [\"b.json\"]}");
    put_text("b.json", "{\"kind\": \"chain\", \"name\": \"y\", \"steps\": [\"a.json\"]}");
    assert_int_equal(attune_train(in_folder("a.json"), NULL, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "steps names b.json, which is a chain itself"));
}

static void test_base(void **state)
{
    at_recipe r, plain;
    (void)state;
    put_text("root.json", "{\"kind\": \"toy\", \"a\": {\"x\": 1, \"y\": [1, 2]}, \"b\": 5}");
    put_text("sub/middle.json", "{\"base\": \"../root.json\", \"a\": {\"y\": [3], \"z\": {\"w\": "
                                "1, \"gone\": null}}, \"b\": null}");
    put_text("leaf.json", "{\"base\": \"sub/middle.json\", \"name\": \"leaf\", \"b\": {\"c\": "
                          "null, \"d\": 2}}");
    put_text("plain.json", "{\"name\": \"leaf\", \"b\": {\"d\": 2}, \"a\": {\"z\": {\"w\": 1}, "
                           "\"y\": [3], \"x\": 1}, \"kind\": \"toy\"}");
    assert_int_equal(load("leaf.json", &r, NULL), 0);
    assert_int_equal(load("plain.json", &plain, NULL), 0);
    assert_true(json_equal(r.root, plain.root));
    assert_true(r.hash == plain.hash);
    at_recipe_free(&plain);
    put_text("leaf.json", "{\"base\": \"sub/middle.json\", \"name\": \"leaf\", \"b\": {\"d\": 3}}");
    assert_int_equal(load("leaf.json", &plain, NULL), 0);
    assert_true(r.hash != plain.hash);
    at_recipe_free(&r);
    at_recipe_free(&plain);
}

static void test_circles(void **state)
{
    at_recipe r;
    attune_error err;
    char name[16], text[96];
    (void)state;
    put_text("self.json", "{\"base\": \"self.json\", \"kind\": \"toy\", \"name\": \"x\"}");
    assert_int_equal(load("self.json", &r, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "itself"));
    put_text("one.json", "{\"base\": \"two.json\", \"kind\": \"toy\", \"name\": \"x\"}");
    put_text("two.json", "{\"base\": \"./one.json\"}");
    assert_int_equal(load("one.json", &r, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "itself"));
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "deep%d.json", i % 100);
        snprintf(text, sizeof text, "{\"base\": \"deep%d.json\"}", i + 1);
        put_text(name, i < 19 ? text : "{\"kind\": \"toy\", \"name\": \"x\"}");
    }
    assert_int_equal(load("deep15.json", &r, &err), 0);
    at_recipe_free(&r);
    assert_int_equal(load("deep0.json", &r, &err), ATTUNE_E_FORMAT);
    put_text("lost.json", "{\"base\": \"nowhere.json\", \"kind\": \"toy\", \"name\": \"x\"}");
    assert_int_equal(load("lost.json", &r, &err), ATTUNE_E_IO);
}

/* ---- fields --------------------------------------------------------------------------------- */

/* A recipe of each kind in which nothing is wrong. */
static json_t *good(const char *kind)
{
    static const char *const text[][2] = {
        {"visual", "{'kind': 'visual', 'name': 'x', 'sizes': [{'from': 0, 'side': 64}], "
                   "'ensemble': [{'model': 'm'}], 'data': "
                   "[{'dataset': 'd', 'train': 't', 'valid': 'v', 'share': 1}]}"},
        {"hog",
         "{'kind': 'hog', 'name': 'x', 'data': [{'dataset': 'd', 'train': 't', 'valid': 'v'}]}"},
        {"audio",
         "{'kind': 'audio', 'name': 'x', 'data': [{'dataset': 'd', 'train': 't', 'valid': 'v'}], 'folds': "
         "[{'train': 't', 'valid': 'v'}]}"},
        {"functionals", "{'kind': 'functionals', 'name': 'x', 'model': 'm', 'data': "
                        "[{'dataset': 'd', 'train': 't', 'valid': 'v'}]}"},
        {"detector", "{'kind': 'detector', 'name': 'x', 'data': [{'dataset': 'd', 'train': 't', "
                     "'valid': 'v'}]}"},
        {"temporal", "{'kind': 'temporal', 'name': 'n', 'model': 'm.safetensors',"
                     " 'data': [{'dataset': 'd', 'train': 't', 'valid': 'v'}],"
                     " 'harms': [{'kind': 'blur', 'level': 2}]}"},
        {"fusion", "{'kind': 'fusion', 'name': 'x', 'fusion': 'concat', 'model': 'm', 'faces': "
                   "{'train': 't', 'valid': 'v'}, 'voices': {'train': 't', 'valid': 'v'}, "
                   "'harms': [{'kind': 'hiss', 'level': 0}]}"},
        {"assemble", "{'kind': 'assemble', 'name': 'x', 'visual': {'model': 'm', 'recipe': 'r'}, "
                     "'audio': {'model': 'm', 'recipe': 'r'}}"},
        {"ranges", "{'kind': 'ranges', 'name': 'x', 'model': 'm', 'data': "
                   "[{'dataset': 'd', 'train': 't', 'valid': 'v'}]}"},
        {"chain", "{'kind': 'chain', 'name': 'x', 'steps': ['a'], 'model': 'm', 'evaluate': "
                  "[{'dataset': 'd', 'split': 's'}]}"},
    };
    char json[512];
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (!strcmp(text[i][0], kind)) {
            snprintf(json, sizeof json, "%s", text[i][1]);
            for (char *p = json; *p; p++)
                *p = *p == '\'' ? '"' : *p;
            return json_loads(json, 0, NULL);
        }
    return NULL;
}

static int read_kind(const char *kind, const json_t *root, void *value, attune_error *err)
{
    return at_fields_read(at_fields_of_kind(kind), root, "r.json", "", value, err);
}

/* Puts value (stolen) where name ("data[].share") says, making objects on the way. */
static void put(json_t *root, const char *name, json_t *value)
{
    char part[96];
    for (const char *dot; (dot = strchr(name, '.')); name = dot + 1) {
        size_t n = (size_t)(dot - name), list = n > 2 && dot[-1] == ']' ? 2 : 0;
        snprintf(part, sizeof part, "%.*s", (int)(n - list), name);
        json_t *next = json_object_get(root, part);
        if (!next) {
            json_object_set_new(root, part, json_object());
            next = json_object_get(root, part);
        }
        root = list ? json_array_get(next, 0) : next;
        assert_non_null(root);
    }
    json_object_set_new(root, name, value);
}

/* The error is about the field: its last part stands in it. */
static void assert_refused(const char *kind, const char *name, json_t *value)
{
    static at_visual_settings room; /* the largest */
    static char bytes[sizeof room + sizeof(at_audio_settings) + sizeof(at_chain_settings)];
    json_t *root = good(kind);
    attune_error err = {0};
    const char *last = strrchr(name, '.');
    put(root, name, value);
    if (read_kind(kind, root, bytes, &err) != ATTUNE_E_FORMAT)
        fail_msg("%s: %s is taken", kind, name);
    if (!strstr(err.text, last ? last + 1 : name) || !strstr(err.text, "r.json"))
        fail_msg("%s: %s: %s", kind, name, err.text);
    json_decref(root);
}

/* Whatever field: a value of another type, or beyond either end, is refused in words that name it. */
static void test_every_field(void **state)
{
    char bytes[8192];
    int numbers = 0;
    (void)state;
    for (int k = 0; at_recipe_kind(k); k++) {
        const char *kind = at_recipe_kind(k);
        const at_fields *fields = at_fields_of_kind(kind);
        json_t *root = good(kind);
        attune_error err = {0};
        char name[96];
        assert_true(fields->size <= sizeof bytes);
        if (read_kind(kind, root, bytes, &err))
            fail_msg("%s", err.text);
        json_decref(root);
        const at_field *f;
        for (int i = 0; (f = at_fields_at(fields, i, name, sizeof name)); i++) {
            assert_non_null(f->help);
            assert_refused(kind, name, json_true());
            if (f->type > AT_FIELD_INT64)
                continue;
            numbers++;
            assert_true(f->def >= f->least && f->def <= f->most);
            assert_refused(kind, name, json_string("three"));
            assert_refused(kind, name, json_real(1e308));
            assert_refused(kind, name, json_real(-1e308));
            assert_refused(kind, name, json_null());
            assert_refused(kind, name, json_pack("[i]", 1));
            assert_refused(kind, name, json_real(f->most + 0.5 + 1e-3 * fabs(f->most)));
            assert_refused(kind, name, json_real(f->least - 0.5 - 1e-3 * fabs(f->least)));
            if (f->type >= AT_FIELD_INT) {
                assert_refused(kind, name, json_real(f->least + 0.5));
                assert_refused(kind, name, json_integer((json_int_t)f->most + 1));
                assert_refused(kind, name, json_integer(INT64_MIN));
                assert_refused(kind, name, json_integer(INT64_MAX));
            }
        }
    }
    assert_true(numbers > 80);
}

static void test_unknown(void **state)
{
    (void)state;
    assert_refused("visual", "epoch", json_integer(3));
    assert_refused("visual", "optimiser.Lr", json_real(0.1));
    assert_refused("visual", "data[].shares", json_real(0.1));
    assert_refused("visual", "optimiser.beta1", json_real(0)); /* would be the default's */
    assert_refused("visual", "optimiser.beta2", json_real(0));
    assert_refused("audio", "folds[].test", json_string("fold1"));
    assert_refused("assemble", "epochs", json_integer(3));
    char bytes[8192];
    json_t *root = good("visual");
    put(root, "optimiser.comment", json_string("why"));
    put(root, "data[].comment", json_string("why"));
    assert_int_equal(read_kind("visual", root, bytes, NULL), 0);
    json_decref(root);
}

/* What is in range alone but not together, or is missing. */
static void assert_wrong(const char *kind, const char *patch, const char *word)
{
    char bytes[8192];
    attune_error err = {0};
    json_t *root = good(kind), *p = json_loads(patch, 0, NULL);
    const char *key;
    json_t *v;
    assert_non_null(p);
    json_object_foreach(p, key, v)
    {
        if (json_is_null(v))
            json_object_del(root, key);
        else
            json_object_set(root, key, v);
    }
    assert_int_equal(read_kind(kind, root, bytes, &err), ATTUNE_E_FORMAT);
    if (!strstr(err.text, word))
        fail_msg("%s", err.text);
    json_decref(root);
    json_decref(p);
}

static void test_together(void **state)
{
    (void)state;
    assert_wrong("audio", "{\"augment\": {\"speed_min\": 1.5}}", "speed_min");
    assert_wrong("audio", "{\"augment\": {\"snr_min\": 5, \"snr_max\": 4}}", "augment: snr_min");
    assert_wrong("audio", "{\"folds\": null, \"data\": [{\"dataset\": \"d\", \"train\": \"t\"}]}",
                 "data[0].valid");
    assert_wrong("detector", "{\"side\": 100}", "multiple of 32");
    assert_wrong("detector", "{\"scenes\": 4}", "scenes");
    assert_wrong("detector",
                 "{\"data\": [{\"dataset\": \"d\", \"train\": \"t\", \"valid\": \"v\", "
                 "\"share\": 0.5}]}",
                 "share means nothing");
    assert_wrong("detector", "{\"side\": 1024, \"batch\": 256}", "too large");
    assert_wrong("visual", "{\"sizes\": [{\"side\": 512}], \"batch\": 1024}", "too large");
    assert_wrong("visual", "{\"spatial\": {\"width\": 50}}", "spatial: width");
    assert_wrong("visual", "{\"frozen\": \"trunk\"}", "frozen needs init");
    assert_wrong("visual", "{\"frozen\": \"heads\", \"init\": \"i\"}", "frozen must be");
    assert_wrong("visual", "{\"frozen\": \"network\", \"init\": \"i\"}", "nothing learns");
    assert_wrong("visual", "{\"data\": []}", "data");
    assert_wrong("visual", "{\"data\": null}", "data");
    assert_wrong("visual", "{\"data\": [1]}", "data[0]");
    assert_wrong("visual", "{\"data\": [{\"dataset\": \"d\", \"train\": \"t\"}]}", "data[0].valid");
    assert_wrong("hog",
                 "{\"data\": [{\"dataset\": \"d\", \"train\": \"t\", \"valid\": \"v\", "
                 "\"share\": 0.5}]}",
                 "share means nothing");
    assert_wrong("ranges",
                 "{\"data\": [{\"dataset\": \"d\", \"train\": \"t\", \"valid\": \"v\", "
                 "\"share\": 0.5}]}",
                 "share means nothing");
    assert_wrong("assemble", "{\"visual\": null}", "visual.model");
    assert_wrong("temporal", "{\"rate_min\": 12}", "rate_min is over rate_max");
    assert_wrong("temporal", "{\"temporal\": {\"width\": 50}}", "temporal: width");
    assert_wrong("fusion", "{\"fusion\": \"late\"}", "no kind that is learned");
    assert_wrong("fusion", "{\"fusion\": \"x\"}", "no kind that is learned");
    assert_wrong("fusion", "{\"pairs\": 30}", "pairs");
    assert_wrong("fusion", "{\"harms\": [{\"kind\": \"x\"}]}", "harms[0]: there is no degradation");
    assert_wrong("fusion", "{\"harms\": [{\"kind\": \"blur\", \"level\": 0}]}",
                 "harms[0]: the level");
    assert_wrong("fusion", "{\"harms\": [{\"kind\": \"hiss\", \"level\": 101}]}",
                 "harms[0]: the level");
    assert_wrong("fusion", "{\"harms\": [{\"kind\": \"loss\", \"level\": 101}]}",
                 "harms[0]: the level");
    assert_wrong("chain", "{\"steps\": [3]}", "steps[0]");
    assert_wrong("chain", "{\"model\": null}", "model");
}

static int count_file(void *user, const char *file, attune_error *err)
{
    char *names = user;
    (void)err;
    strcat(strcat(names, file), " ");
    return 0;
}

static void test_values(void **state)
{
    at_visual_settings s;
    at_assemble_settings a;
    char names[256] = "";
    (void)state;
    json_t *root = good("visual");
    put(root, "epochs", json_integer(7));
    put(root, "augment.flip", json_integer(1));
    put(root, "optimiser.lr", json_real(0.25));
    put(root, "init", json_string("i.safetensors"));
    assert_int_equal(read_kind("visual", root, &s, NULL), 0);
    assert_int_equal(s.plan.epochs, 7);
    assert_int_equal(s.plan.seed, 1);
    assert_float_equal(s.plan.optimiser.lr, 0.25, 0);
    assert_float_equal(s.augment.flip, 1, 0);
    assert_float_equal(s.losses.basic, 0.5, 0);
    assert_int_equal(s.data.sets, 1);
    assert_string_equal(s.data.set[0].train, "t");
    assert_null(s.data.set[0].also);
    assert_int_equal(s.sizes, 1);
    assert_int_equal(s.size[0].side, 64);
    assert_int_equal(at_fields_files(&at_visual_fields, &s, count_file, names, NULL), 0);
    assert_string_equal(names, "i.safetensors yunet_n.safetensors m ");
    json_decref(root);
    root = good("assemble");
    *names = 0;
    assert_int_equal(read_kind("assemble", root, &a, NULL), 0);
    assert_int_equal(at_fields_files(&at_assemble_fields, &a, count_file, names, NULL), 0);
    assert_string_equal(names, "detector.safetensors m r m r ");
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),   cmocka_unit_test(test_base),
        cmocka_unit_test(test_circles), cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_unknown), cmocka_unit_test(test_together),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
