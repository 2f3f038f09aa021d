/* How many instructions of the emulated processor a program takes: a plugin for qemu's user emulation (7.2, version 1 of
 * its plugins; what it calls is declared here, since Debian packages no header of it).
 *
 *     gcc -O2 -shared -fPIC -DVERSION=1 tools/count_instructions.c -o count.so
 *     qemu-aarch64 -L build/aarch64-root -plugin ./count.so build/aarch64/src/attune analyze clip.mp4 --threads 1
 *
 * Prints a line at each process's end. A decoder's child has a count of its own; with --no-sandbox there is none. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_info_t;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*f)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*f)(unsigned, void *),
                                          int flags, void *user);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*f)(plugin_id, void *), void *user);
int qemu_plugin_install(plugin_id id, const struct qemu_info_t *info, int argc, char **argv);

extern int qemu_plugin_version;
int qemu_plugin_version = VERSION;

enum { THREADS = 256 };

static struct {
    _Alignas(64) uint64_t n;
} counts[THREADS];

static void count(unsigned thread, void *instructions)
{
    counts[thread % THREADS].n += (uintptr_t)instructions;
}

static void on_block(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, count, 0,
                                         (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void on_exit(plugin_id id, void *user)
{
    uint64_t sum = 0;

    (void)id, (void)user;
    for (int i = 0; i < THREADS; i++)
        sum += counts[i].n;
    fprintf(stderr, "process %d: %" PRIu64 " instructions\n", (int)getpid(), sum);
}

int qemu_plugin_install(plugin_id id, const struct qemu_info_t *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, on_exit, NULL);
    return 0;
}
