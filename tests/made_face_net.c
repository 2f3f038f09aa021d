#include "made_face_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void stir(at_params *p, at_rng *rng)
{
    for (int i = 0; i < p->count; i++) {
        at_param *q = p->list[i];
        const char *dot = strrchr(q->name, '.');
        for (size_t k = 0, n = at_tensor_count(&q->value); k < n; k++)
            if (!strcmp(dot, ".gamma") || !strcmp(dot, ".var"))
                q->value.data[k] = at_rng_range(rng, 0.7f, 1.4f);
            else if (!strcmp(dot, ".beta") || !strcmp(dot, ".mean") || !strcmp(dot, ".bias"))
                q->value.data[k] = at_rng_range(rng, -0.3f, 0.3f);
    }
}

static void save(const at_params *p, const char *path)
{
    at_weights_writer *w;
    assert_int_equal(at_weights_writer_create(&w, NULL), 0);
    for (int i = 0; i < p->count; i++) {
        const at_tensor *v = &p->list[i]->value;
        assert_int_equal(at_weights_put(w, p->list[i]->name, v->rank, v->dim, v->data, 0), 0);
    }
    assert_int_equal(at_weights_save(w, path, NULL), 0);
    at_weights_writer_free(&w);
}

at_weights *made_face_net(at_params *p)
{
    char path[] = "/tmp/attune-face-net-XXXXXX";
    at_weights *w;
    at_rng rng;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    at_rng_seed(&rng, 11, 0);
    assert_int_equal(at_visual_init(p, &rng, NULL), 0);
    stir(p, &rng);
    save(p, path);
    assert_int_equal(at_weights_load(&w, path, NULL), 0);
    unlink(path);
    return w;
}
