#include "made_weights.h"

#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

at_weights_writer *begin_weights(void)
{
    at_weights_writer *w;
    assert_int_equal(at_weights_writer_create(&w, NULL), ATTUNE_OK);
    return w;
}

static int is_left_out(const char *name, const char *without)
{
    const size_t n = without ? strlen(without) : 0;
    if (n == 0)
        return 0;
    return without[n - 1] == '.' ? strncmp(name, without, n) == 0 : strcmp(name, without) == 0;
}

void put_params(at_weights_writer *w, const at_params *p, const char *without)
{
    for (int i = 0; i < p->count; i++) {
        const char *name = p->list[i]->name;
        const at_tensor *v = &p->list[i]->value;
        if (!is_left_out(name, without))
            assert_int_equal(at_weights_put(w, name, v->rank, v->dim, v->data, 0), ATTUNE_OK);
    }
}

at_weights *end_weights(at_weights_writer *writer)
{
    char path[200];
    at_weights *w;
    snprintf(path, sizeof path, "%s/attune-weights-XXXXXX", temp_place());
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(at_weights_save(writer, path, NULL), ATTUNE_OK);
    at_weights_writer_free(&writer);
    assert_int_equal(at_weights_load_within(&w, path, AT_WEIGHTS_LIMIT, NULL), ATTUNE_OK);
    unlink(path);
    return w;
}

at_weights *weights_of(const at_params *p)
{
    at_weights_writer *w = begin_weights();
    put_params(w, p, NULL);
    return end_weights(w);
}
