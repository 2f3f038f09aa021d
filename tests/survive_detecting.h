/* survive_detecting.h - the loop of wrap_alloc.h around a detector, whatever its arrays are. */
#ifndef AT_TESTS_SURVIVE_DETECTING_H
#define AT_TESTS_SURVIVE_DETECTING_H

#include "vision/detect.h"
#include "wrap_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A detector is made and looks at a picture; one that was made stays usable. */
static inline void survive_detecting(const at_params *p, const at_image *im, int least)
{
    const at_weight_source source = at_params_source(p);
    const long before = wrap_alloc_live();
    int failures = 0;

    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_detector *d = NULL;
        at_face face[4];
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int status = at_detector_create(&d, &source, NULL, at_kernels_best(), NULL, &err);
        if (status == ATTUNE_OK)
            status = at_detector_run(d, im, face, 4);
        wrap_alloc_off();
        if (wrap_alloc_failed())
            assert_int_equal(status, ATTUNE_E_NOMEM);
        else
            assert_true(status >= 0);
        if (d)
            assert_true(at_detector_run(d, im, face, 4) >= 0);
        at_detector_free(&d);
        failures += wrap_alloc_failed();
        assert_int_equal(wrap_alloc_live(), before);
    }
    assert_true(failures >= least);
}

#endif
