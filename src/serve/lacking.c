/* lacking.c - a build without libwebsockets. */
#include "base/error.h"

#include <attune/serve.h>

int attune_serve_is_built(void)
{
    return 0;
}

int attune_serve_bench(const attune_serve_bench_options *o, attune_error *err)
{
    (void)o;
    return attune_serve_run(NULL, err);
}

int attune_serve_run(const attune_serve_options *o, attune_error *err)
{
    (void)o;
    return at_fail(err, ATTUNE_E_UNSUPPORTED,
                   "this build has no server: it was made without libwebsockets");
}
