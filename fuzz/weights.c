/* Hostile model files: loading gives an error, or tensors that lie in memory as they claim. */
#include "fuzz.h"

#include "tensor/weights.h"

#include <string.h>

static volatile uint32_t seen; /* so that the reading is not optimised away */

static void check_weight(const at_weights *w, const at_weight *t)
{
    size_t count = 1;
    uint32_t bits, sum = 0;

    FUZZ_CHECK(t->rank >= 0 && t->rank <= 8);
    for (int i = 0; i < t->rank; i++)
        count *= (size_t)t->dim[i];
    FUZZ_CHECK(t->count == count);
    for (size_t i = 0; i < count; i++) { /* reads past the end are the sanitizer's to find */
        memcpy(&bits, t->data + i, sizeof bits);
        sum += bits;
    }
    seen = sum;
    const at_weight *found = at_weights_find(w, t->name);
    FUZZ_CHECK(found != NULL && strcmp(found->name, t->name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    at_weights *w = NULL;
    attune_error err = {0};
    const char *key, *value;

    int status = at_weights_load(&w, fuzz_file(data, size), &err);
    FUZZ_CHECK((status == ATTUNE_OK) == (w != NULL));
    if (status != ATTUNE_OK) {
        FUZZ_CHECK(status == (int)err.status && err.text[0] != '\0');
        return 0;
    }
    for (int i = 0; i < at_weights_count(w); i++)
        check_weight(w, at_weights_at(w, i));
    for (int i = 0; (value = at_weights_meta_at(w, i, &key)) != NULL; i++)
        FUZZ_CHECK(at_weights_meta(w, key) == value);
    const at_weight_source source = at_weights_source(w);
    at_weight none;
    FUZZ_CHECK(at_weights_find(w, "no tensor goes by this name") == NULL);
    FUZZ_CHECK(!source.find(source.user, "nor by this", &none));
    for (int i = 0; i < at_weights_count(w); i++)
        FUZZ_CHECK(source.find(source.user, at_weights_at(w, i)->name, &none));
    at_weights_free(&w);
    at_weights_free(&w);
    return 0;
}
