/* options.h - what a server is asked to be: checked, and with nothing left at 0. */
#ifndef AT_SERVE_OPTIONS_H
#define AT_SERVE_OPTIONS_H

#include <attune/serve.h>

/* *out is o (nullable) with its defaults filled in; out->port 0 then means any that is free. */
int at_serve_options_fill(attune_serve_options *out, const attune_serve_options *o,
                          attune_error *err);

/* Whether the address can be listened on; why not, in err. port 0: any. */
int at_serve_can_listen(const char *address, int port, attune_error *err);

#endif
