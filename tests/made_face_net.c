#include "made_face_net.h"

#include "made_weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

void stir_params(at_params *p, at_rng *rng)
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

at_weights *made_face_net(at_params *p)
{
    at_rng rng;
    at_rng_seed(&rng, 11, 0);
    assert_int_equal(at_visual_init(p, &rng, NULL), 0);
    stir_params(p, &rng);
    return weights_of(p);
}
