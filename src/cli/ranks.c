#include "cli/ranks.h"
#include "at_config.h"
#include "cli/cli.h"
#include "mpi/attune_mpi.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4096 };

static attune_ranks joined;
static at_mpi_close_fn *leave;

/* What launchers tell of how many they start; Slurm's srun with PMIx tells of ranks alone. */
static int started_among(void)
{
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const char *size = getenv(sizes[i]);
        if (size)
            return atoi(size);
    }
    return getenv("PMIX_RANK") ? 2 : 1;
}

static int fail(attune_error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    return err->status = ATTUNE_E_UNSUPPORTED;
}

/* Beside a program that was built, or where it was installed. */
static void find(char path[PATH])
{
    const ssize_t n = readlink("/proc/self/exe", path, PATH - sizeof "/mpi/" AT_MPI_FILE);
    char *end = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (end)
        strcpy(end, "/mpi/" AT_MPI_FILE);
    if (!end || access(path, R_OK))
        strcpy(path, AT_PLUGINDIR "/" AT_MPI_FILE);
}

/* Never unloaded: Open MPI is not made for it. Its own parts look for it among what is visible to all. */
static int load(at_mpi_open_fn **open, attune_error *err)
{
    char path[PATH];
    find(path);
    if (access(path, R_OK))
        return fail(err,
                    "started as one of %d by mpirun, but this build has no %s to train with others",
                    started_among(), AT_MPI_FILE);
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    *(void **)(void *)open = library ? dlsym(library, AT_MPI_OPEN) : NULL;
    *(void **)(void *)&leave = library ? dlsym(library, AT_MPI_CLOSE) : NULL;
    return *open && leave ? ATTUNE_OK : fail(err, "%s: cannot be loaded: %s", path, dlerror());
}

int at_ranks_join(attune_train_options *o, attune_error *err)
{
    at_mpi_open_fn *open = NULL;
    int cores = 0;
    if (started_among() < 2)
        return ATTUNE_OK;
    int status = load(&open, err);
    status = status ? status : open(&joined, &cores, at_stopped, NULL, err);
    if (status) {
        leave = NULL;
        return status;
    }
    o->ranks = &joined;
    o->threads = o->threads ? o->threads : cores;
    return ATTUNE_OK;
}

void at_ranks_leave(int status)
{
    if (leave)
        leave(&joined, status);
    leave = NULL;
}
