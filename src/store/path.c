/* path.c - where sessions are kept if nobody says where. */
#include <attune/store.h>
#include <stdio.h>
#include <stdlib.h>

int attune_store_path(char *out, size_t size)
{
    const char *own = getenv("ATTUNE_STORE"), *data = getenv("XDG_DATA_HOME"),
               *home = getenv("HOME");
    int n = -1;

    if (own && *own)
        n = snprintf(out, size, "%s", own);
    else if (data && *data == '/') /* the specification has others ignored */
        n = snprintf(out, size, "%s/attune/sessions.db", data);
    else if (home && *home)
        n = snprintf(out, size, "%s/.local/share/attune/sessions.db", home);
    return n > 0 && (size_t)n < size ? ATTUNE_OK : ATTUNE_E_ARG;
}
