#include "base/late.h"

#include "base/stand_in.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/mman.h>

void at_late_uncalled(void)
{
    __builtin_trap();
}

/* The loader says it in words alone. */
static int fail(const char *what, attune_error *err)
{
    const int nomem = errno == ENOMEM;
    const char *why = dlerror();

    return nomem ? at_fail_nomem(err)
                 : at_fail(err, ATTUNE_E_UNSUPPORTED, "%s cannot be loaded: %s", what,
                           why ? why : "");
}

/* Never unloaded: what libraries start and register may outlive whoever called them. Names are bound as they are
 * called, which is quicker by a few milliseconds. */
static int fill(at_late *l, const char *what, attune_error *err)
{
    void *library = NULL;
    int open = -1;

    for (int i = 0; i < l->n_first && at_stand_in_count() == 0; i++)
        dlopen(l->first[i], RTLD_LAZY | RTLD_LOCAL);
    for (int i = 0; i < l->n; i++) {
        errno = 0;
        for (; open < l->names[i].library; open++)
            if (!(library = dlopen(l->libraries[open + 1], RTLD_LAZY | RTLD_LOCAL)))
                return fail(what, err);
        *(void **)(void *)&l->calls[i] = dlsym(library, l->names[i].name);
        if (!l->calls[i])
            return fail(what, err);
    }
    return mprotect(l->calls, l->bytes, PROT_READ) == 0 ? ATTUNE_OK : at_fail_nomem(err);
}

int at_late_load(at_late *l, const char *what, attune_error *err)
{
    int rc = ATTUNE_OK;

    if (atomic_load_explicit(&l->loaded, memory_order_acquire))
        return ATTUNE_OK;
    pthread_mutex_lock(&l->lock);
    if (!atomic_load_explicit(&l->loaded, memory_order_relaxed)) {
        rc = fill(l, what, err);
        atomic_store_explicit(&l->loaded, rc == ATTUNE_OK, memory_order_release);
    }
    pthread_mutex_unlock(&l->lock);
    return rc;
}
