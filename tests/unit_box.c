/* A decoder that is at the mercy of its input: whatever it does ends in an error of one line, within the
 * limit, and the next input is read. */
#include "base/progress.h"
#include "media/av_box.h"
#include "media/media.h"
#include "media_fixtures.h"
#include "sanitized.h"
#include "temp_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { REFUSED = 7, W = 64, H = 48, FRAMES = 10 };

static const char *clip, *written;

static int make_files(void **state)
{
    setenv("TMPDIR", "/tmp", 0); /* what reads a camera may read all of /dev */
    if (make_folder(state) != 0)
        return -1;
    clip = made_in_folder("clip.mkv");
    written = in_folder("written");
    media_fixture_write(clip, &(media_fixture){.video = AV_CODEC_ID_MPEG4,
                                               .pixels = AV_PIX_FMT_YUV420P,
                                               .w = W,
                                               .h = H,
                                               .frames = FRAMES,
                                               .fps = 25});
    return 0;
}

static void assert_clip_is_read(void)
{
    at_media *m;
    at_media_packet p;
    int n = 0;
    assert_int_equal(at_media_open(&m, clip, NULL, NULL), 0);
    while (at_media_next(m, &p, NULL) == 1)
        n++;
    assert_int_equal(n, FRAMES);
    at_media_free(&m);
}

/* ---- what it must not do ------------------------------------------------------------------ */

static int secret[2]; /* numbers below and above those of the child */
static pid_t *shown;

/* Each comes back if it may do what it tries: then the clip is read as if nothing were. */
static void opens_a_file(const at_box_ends *e)
{
    (void)e;
    if (open("/etc/passwd", O_RDONLY) < 0)
        _exit(REFUSED);
}

static void writes_a_file(const at_box_ends *e)
{
    (void)e;
    if (open(written, O_WRONLY | O_CREAT, 0600) < 0)
        _exit(REFUSED);
}

static void reads_what_was_open(const at_box_ends *e)
{
    char byte;
    (void)e;
    if (read(secret[0], &byte, 1) < 0 && read(secret[1], &byte, 1) < 0 && errno == EBADF)
        _exit(REFUSED);
}

static void takes_much_memory(const at_box_ends *e)
{
    (void)e;
    volatile char *p = mmap(NULL, (size_t)10 << 30, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        _exit(REFUSED);
}

static void makes_code(const at_box_ends *e)
{
    (void)e;
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
        _exit(REFUSED);
}

static void connects(const at_box_ends *e)
{
    (void)e;
    socket(AF_INET, SOCK_STREAM, 0);
}

static void forks(const at_box_ends *e)
{
    (void)e;
    if (fork() == 0)
        _exit(0);
}

static void starts_a_program(const at_box_ends *e)
{
    (void)e;
    execl("/bin/true", "true", (char *)NULL);
}

static void kills_its_parent(const at_box_ends *e)
{
    kill(e->parent, SIGUSR1);
}

static void looks_into_its_parent(const at_box_ends *e)
{
    char byte;
    struct iovec to = {&byte, 1}, from = {secret, 1};
    process_vm_readv(e->parent, &to, 1, &from, 1, 0);
}

static void breaks_down(const at_box_ends *e)
{
    (void)e;
    abort();
}

static void writes_where_nothing_is(const at_box_ends *e)
{
    volatile int *volatile nowhere = NULL;
    (void)e;
    *nowhere = 1;
}

static void loops(const at_box_ends *e)
{
    const double until = at_now() + 100; /* not for ever, should nobody stop it */
    (void)e;
    while (at_now() < until)
        continue;
}

static void shows_itself_and_loops(const at_box_ends *e)
{
    *shown = getpid();
    loops(e);
}

static void falls_asleep(const at_box_ends *e)
{
    (void)e;
    poll(NULL, 0, 100000);
}

static void babbles(const at_box_ends *e)
{
    char noise[65536];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 2654435761U >> 13);
    while (write(e->socket, noise, sizeof noise) > 0)
        continue;
}

static void says_half_a_message(const at_box_ends *e)
{
    at_wire_message m = {.kind = AT_WIRE_OPENED};
    if (write(e->socket, &m, sizeof m / 2) < 0)
        return;
    _exit(0);
}

/* What reading the clip comes to, and whether the next input is read. */
static int ends_with(void (*misbehave)(const at_box_ends *), attune_error *err)
{
    at_media *m;
    at_media_packet p;
    *err = (attune_error){0};
    at_box_misbehave = misbehave;
    int ret = at_media_open(&m, clip, NULL, err);
    at_box_misbehave = NULL;
    while (ret >= 0 && (ret = at_media_next(m, &p, err)) == 1)
        continue;
    if (m && ret < 0) /* and it stays so */
        assert_int_equal(at_media_next(m, &p, NULL), ret);
    at_media_free(&m);
    assert_int_equal(err->status, ret);
    assert_clip_is_read();
    return ret;
}

static int active(int layer)
{
    attune_sandbox_layer l;
    for (int i = 0; attune_sandbox_at(i, &l); i++)
        if (1 << i == layer)
            return l.files;
    return 0;
}

static void what_it_must_not_do_fails(void **state)
{
    (void)state;
    static const char ended[] = "ended without a word", forbidden[] = "must not (SIGSYS)";
    static const struct {
        void (*misbehave)(const at_box_ends *);
        int layer;
        const char *words;
    } cases[] = {
        {opens_a_file, AT_HELD_FILES, ended},
        {writes_a_file, AT_HELD_FILES, ended},
        {reads_what_was_open, AT_HELD_DESCRIPTORS, ended},
        {takes_much_memory, AT_HELD_LIMITS, ended},
        {makes_code, AT_HELD_CALLS, ended},
        {connects, AT_HELD_CALLS, forbidden},
        {forks, AT_HELD_CALLS, forbidden},
        {starts_a_program, AT_HELD_CALLS, forbidden},
        {kills_its_parent, AT_HELD_CALLS, forbidden},
        {looks_into_its_parent, AT_HELD_CALLS, forbidden},
        {breaks_down, AT_HELD_PROCESS, "broke down (signal 6)"},
        {writes_where_nothing_is, AT_HELD_PROCESS, "broke down (signal 11)"},
        {babbles, AT_HELD_PROCESS, "makes no sense"},
        {says_half_a_message, AT_HELD_PROCESS, ended},
    };
    secret[0] = open(clip, O_RDONLY);
    secret[1] = fcntl(secret[0], F_DUPFD, 500);
    assert_true(secret[0] > 2 && secret[1] >= 500);
    signal(SIGUSR1, SIG_IGN);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        attune_error err;
        if (!active(cases[i].layer) ||
            (SANITIZED && (cases[i].misbehave == takes_much_memory ||
                           cases[i].misbehave == writes_where_nothing_is)))
            continue;
        assert_int_equal(ends_with(cases[i].misbehave, &err), ATTUNE_E_FORMAT);
        if (!strstr(err.text, cases[i].words) || !strstr(err.text, clip))
            fail_msg("case %zu: %s", i, err.text);
    }
    close(secret[0]);
    close(secret[1]);
}

static void silence_has_a_limit(void **state)
{
    (void)state;
    void (*const cases[])(const at_box_ends *) = {loops, falls_asleep};
    at_box_patience_s = .5;
    for (int i = 0; i < 2; i++) {
        const double before = at_now();
        attune_error err;
        assert_int_equal(ends_with(cases[i], &err), ATTUNE_E_FORMAT);
        assert_non_null(strstr(err.text, "takes too long"));
        assert_true(at_now() - before < 20);
    }
    at_box_patience_s = 60;
}

static int at_once(void *user)
{
    (void)user;
    return 1;
}

static void a_silent_child_is_interrupted(void **state)
{
    (void)state;
    at_media *m;
    attune_error err;
    at_box_misbehave = loops;
    int ret = at_media_open(&m, clip, &(at_media_options){.interrupted = at_once}, &err);
    at_box_misbehave = NULL;
    assert_int_equal(ret, ATTUNE_E_INTERRUPTED);
    assert_null(m);
}

/* Killed without a chance to say so, a program leaves no child behind. */
static void it_dies_with_its_parent(void **state)
{
    (void)state;
    shown = mmap(NULL, sizeof *shown, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shown != MAP_FAILED);
    const pid_t program = fork();
    if (program == 0) {
        at_media *m;
        at_box_misbehave = shows_itself_and_loops;
        at_media_open(&m, clip, NULL, NULL);
        _exit(0);
    }
    volatile pid_t *child = shown;
    for (int i = 0; i < 1000 && !*child; i++)
        usleep(10000);
    assert_true(*child > 0);
    assert_int_equal(kill(*child, 0), 0);
    kill(program, SIGKILL);
    waitpid(program, NULL, 0);
    int gone = 0;
    for (int i = 0; i < 1000 && !gone; i++, usleep(10000))
        gone = kill(*child, 0) < 0 && errno == ESRCH;
    assert_true(gone);
    munmap(shown, sizeof *shown);
}

/* ---- lies --------------------------------------------------------------------------------- */

static at_wire_message told; /* what the child is to say after it was opened */

static at_wire_message fine_picture(void)
{
    const int bytes = (int)at_wire_slot_bytes(AV_PIX_FMT_YUV420P, W, H);
    return (at_wire_message){
        .kind = AT_WIRE_PICTURE,
        .t_us = 1000,
        .picture = {
            .format = AV_PIX_FMT_YUV420P, .w = W, .h = H, .slot = 1, .slots = 2, .offset = bytes}};
}

static void say(const at_box_ends *e, const void *data, size_t n)
{
    if (write(e->socket, data, n) != (ssize_t)n)
        _exit(1);
}

static void tells(const at_box_ends *e)
{
    const at_wire_message opened = {.kind = AT_WIRE_OPENED, .info = {.has_video = 1}};
    static const float loud[AT_AV_PIECE] = {[5] = 1.01F};
    say(e, &opened, sizeof opened);
    say(e, &told, sizeof told);
    say(e, loud, sizeof loud);
    _exit(0);
}

static void a_truth_passes(void **state)
{
    (void)state;
    at_media *m;
    at_media_packet p;
    told = fine_picture();
    at_box_misbehave = tells;
    assert_int_equal(at_media_open(&m, clip, NULL, NULL), 0);
    at_box_misbehave = NULL;
    assert_int_equal(at_media_next(m, &p, NULL), 1);
    assert_int_equal(p.t_us, 1000);
    at_media_free(&m);
}

static const char *lie(at_wire_message m)
{
    static attune_error err;
    told = m;
    assert_int_equal(ends_with(tells, &err), ATTUNE_E_FORMAT);
    const char *words = strstr(err.text, "makes no sense (");
    if (!words)
        fail_msg("%s", err.text);
    return words + strlen("makes no sense (");
}

#define LIE(change, words)                             \
    do {                                               \
        at_wire_message m = fine_picture();            \
        at_wire_picture *p = &m.picture;               \
        at_media_info *i = &m.info;                    \
        (void)p, (void)i;                              \
        change;                                        \
        const char *said = lie(m);                     \
        if (strncmp(said, words, strlen(words)) != 0)  \
            fail_msg("%s: %s instead", #change, said); \
    } while (0)

static void lies_are_noticed(void **state)
{
    (void)state;
    LIE(m.kind = 0, "a message of an unknown kind");
    LIE(m.kind = AT_WIRE_FAILED + 1, "a message of an unknown kind");
    LIE(m.kind = AT_WIRE_OPENED, "a second beginning");
    LIE(m.kind = AT_WIRE_HELD, "a second beginning");
    LIE(m.t_us = -1, "a picture out of order");
    LIE(m.t_us = INT64_MAX, "a picture out of order");
    LIE(p->format = AV_PIX_FMT_YUV420P10LE, "a picture of an unknown kind");
    LIE(p->format = -1, "a picture of an unknown kind");
    LIE(p->format = 1 << 30, "a picture of an unknown kind");
    LIE(p->w = 0, "a picture of a size");
    LIE(p->h = -1, "a picture of a size");
    LIE(p->w = AT_MEDIA_MAX_SIDE + 1, "a picture of a size");
    LIE(p->w = p->h = AT_MEDIA_MAX_SIDE, "a picture of a size");
    LIE(p->range = AVCOL_RANGE_NB, "a picture of unknown colours");
    LIE(p->space = -1, "a picture of unknown colours");
    LIE(p->aspect_num = -1, "a picture of unknown shape");
    LIE(p->orientation = 9, "a picture of unknown shape");
    LIE(p->offset = -64, "a picture out of place");
    LIE(p->offset = 1, "a picture out of place");
    LIE(p->offset = INT64_MAX / 64 * 64, "a picture out of place");
    LIE(p->offset = (int64_t)at_wire_shared_bytes(AT_MEDIA_MAX_PIXELS) / 64 * 64,
        "a picture out of place");
    LIE(p->slot = 2, "a slot that is none");
    LIE(p->slot = -1, "a slot that is none");
    LIE(p->slots = AT_WIRE_SLOTS + 1, "a slot that is none");
    LIE(i->has_audio = 2, "a flag that is none");
    LIE(i->w = -1, "a size that is none");
    LIE(i->duration_us = -1, "a time that is none");
    LIE(i->origin_us = INT64_MAX, "a time that is none");
    LIE(i->frames = -1, "a count that is none");
    LIE(i->audio_tracks = AT_AV_TRACKS + 1, "a track that is none");
    LIE(i->video_track = 1, "a track that is none");
    LIE(memset(i->truncated_reason, 'x', sizeof i->truncated_reason), "a reason that is no text");
    LIE(memset(i->lost_reason, 'x', sizeof i->lost_reason), "a reason that is no text");
    LIE(memcpy(i->truncated_reason, "\033[2J", 4), "a reason that is no text");
    LIE(memcpy(i->lost_reason,
               "\xc2\x9b"
               "2J",
               4),
        "a reason that is no text");
    LIE((m.kind = AT_WIRE_SOUND, m.samples = 0), "sound of a length");
    LIE((m.kind = AT_WIRE_SOUND, m.samples = AT_AV_PIECE + 1), "sound of a length");
    LIE((m.kind = AT_WIRE_SOUND, m.samples = INT64_MIN), "sound of a length");
    LIE((m.kind = AT_WIRE_SOUND, m.samples = 1, m.t_us = -1), "sound of no time");
    LIE((m.kind = AT_WIRE_SOUND, m.samples = AT_AV_PIECE), "sound that is none");
    LIE((m.kind = AT_WIRE_FAILED, m.status = 0), "an error that is none");
    LIE((m.kind = AT_WIRE_FAILED, m.status = -1000), "an error that is none");
    LIE((m.kind = AT_WIRE_FAILED, m.status = -2, memset(m.text, 'x', sizeof m.text)),
        "an error without words");
}

/* What it says before its beginning, or after its end, or of a time that has passed. */
static void order_is_kept(void **state)
{
    (void)state;
    at_wire_state s = {.last_frame_us = -1,
                       .max_pixels = AT_MEDIA_MAX_PIXELS,
                       .shared_bytes = at_wire_shared_bytes(AT_MEDIA_MAX_PIXELS)};
    at_wire_message picture = fine_picture(), held = {.kind = AT_WIRE_HELD},
                    opened = {.kind = AT_WIRE_OPENED}, end = {.kind = AT_WIRE_END};
    assert_non_null(at_wire_fault(&s, &opened));
    assert_null(at_wire_fault(&s, &held));
    assert_non_null(at_wire_fault(&s, &picture));
    assert_non_null(at_wire_fault(&s, &end));
    assert_null(at_wire_fault(&s, &opened));
    assert_null(at_wire_fault(&s, &picture));
    assert_non_null(at_wire_fault(&s, &picture));
    picture.t_us++;
    assert_null(at_wire_fault(&s, &picture));
    assert_null(at_wire_fault(&s, &end));
    picture.t_us++;
    assert_non_null(at_wire_fault(&s, &picture));
    assert_non_null(at_wire_sound_fault((float[]){0, NAN}, 2));
    assert_null(at_wire_sound_fault((float[]){-1, 1}, 2));
}

/* ---- live --------------------------------------------------------------------------------- */

/* Exit codes of the first thing that is not as it should be. */
static int tries_as_live(at_confine_kind kind)
{
    const int hosts = kind == AT_CONFINE_NETWORK;
    const unsigned held = at_confine(kind, fcntl(2, F_DUPFD, 3), -1);
    if (held & AT_HELD_FILES &&
        (open(written, O_WRONLY | O_CREAT, 0600) >= 0 || open(clip, O_RDONLY) >= 0))
        return 1;
    if (open("/etc/passwd", O_RDONLY) < 0)
        return 2;
    if (socket(AF_UNIX, SOCK_STREAM, 0) < 0)
        return 3;
    if (!(held & AT_HELD_CALLS))
        return 0;
    if ((socket(AF_INET, SOCK_STREAM, 0) >= 0) != hosts || ((held & AT_HELD_HOST) == 0) != hosts)
        return 6;
    if (fork() >= 0 || execl("/bin/true", "true", (char *)NULL) >= 0)
        return 4;
    return kill(getppid(), SIGUSR1) == 0 ? 5 : 0;
}

static void live_input_may_talk_and_little_else(void **state)
{
    static const at_confine_kind kinds[] = {AT_CONFINE_DEVICE, AT_CONFINE_NETWORK};
    (void)state;
    signal(SIGUSR1, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        int status = 0;
        const pid_t pid = fork();
        if (pid == 0)
            _exit(tries_as_live(kinds[i]));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* ---- attune itself, where it talks to nobody ------------------------------------------------ */

/* Exit codes of the first thing that is not as it should be. */
static int tries_alone(void)
{
    if (!attune_confine()) {
#if AT_ADDRESS_SANITIZED
        return 0;
#else
        return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0 ? 1 : 0;
#endif
    }
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
        return 2;
    if (execl("/bin/true", "true", (char *)NULL) >= 0 || ptrace(PTRACE_TRACEME, 0, 0, 0) >= 0)
        return 3;
    if (close(open(written, O_WRONLY | O_CREAT, 0600)) < 0 || unlink(written) < 0)
        return 4;
    assert_clip_is_read(); /* by a child of its own */
    return 0;
}

static void alone_it_goes_on_with_its_files(void **state)
{
    int status = 0;
    (void)state;
    const pid_t pid = fork();
    if (pid == 0)
        _exit(tries_alone());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_must_not_do_fails),
        cmocka_unit_test(silence_has_a_limit),
        cmocka_unit_test(a_silent_child_is_interrupted),
        cmocka_unit_test(it_dies_with_its_parent),
        cmocka_unit_test(a_truth_passes),
        cmocka_unit_test(lies_are_noticed),
        cmocka_unit_test(order_is_kept),
        cmocka_unit_test(live_input_may_talk_and_little_else),
        cmocka_unit_test(alone_it_goes_on_with_its_files),
    };
    if (!at_confine_possible())
        return 77;
    return cmocka_run_group_tests(tests, make_files, remove_folder);
}
