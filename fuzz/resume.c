/* What --resume finds in its folder, made by somebody who knows how: it is refused, or gone on with, and nothing in it
 * is a place in memory or an amount of it. The input is a list of changes to a fine state, and to what was told by then;
 * digests are put right again. A kept number keeps within its range whatever the file says. */
#include "fuzz.h"

#include "../tests/session_fake.h"
#include "base/digest.h"
#include "fine.h"
#include "folder.h"
#include "runtime/analyze_resume.h"
#include "runtime/state.h"
#include "vision/search.h"

#include <attune/resume.h>
#include <string.h>
#include <sys/resource.h>

enum {
    HEAD = 24,      /* of the state: a name, and the digest of the rest */
    TOLD_BYTES = 5, /* fields of it, by number */
    TOLD_DIGEST = 6,
    FIELDS = 1 << 14,
    CHANGE = 7, /* bytes of the input */
    HOWS = 8,   /* in which a field is changed */
    ROOM = 512, /* by which a state grows at most */
    PICTURE_US = 40000,
    SOUND = 640, /* samples */
    PICTURES = 90,
    BROKEN_OFF = 62, /* pictures of the run that is gone on with */
    KEY = 20,        /* from this one on decoding may begin at the tenth */
    SIDE = 64,
    MOST_BYTES =
        8 << 20, /* that a file may grow to: what is told without end does not fill the machine */
};

enum { BYTES, FLOATS, PLACES, SHARES, INT, NUMBER, COUNT, TIME, START }; /* at_keep_... */

/* Something that was kept, with all places in it that mean something. */
typedef struct kept {
    uint8_t *data;
    size_t size;
    size_t field[FIELDS];
    uint8_t kind[FIELDS];
    int fields;
} kept;

/* ---- what is kept, field by field --------------------------------------------------------------- */

static kept *noting; /* NULL: nobody asks */

static void note(const at_keep *k, int kind)
{
    if (noting && !k->reads && noting->fields < FIELDS) {
        noting->kind[noting->fields] = (uint8_t)kind;
        noting->field[noting->fields++] = k->size;
    }
}

void __real_at_keep_bytes(at_keep *k, void *p, size_t n);
void __real_at_keep_floats(at_keep *k, float *x, size_t n);
void __real_at_keep_places(at_keep *k, float *x, size_t n);
void __real_at_keep_shares(at_keep *k, float *x, size_t n);
void __real_at_keep_int(at_keep *k, int *x, int least, int most);
void __real_at_keep_number(at_keep *k, uint32_t *x);
void __real_at_keep_count(at_keep *k, int64_t *x);
void __real_at_keep_time(at_keep *k, int64_t *t);
void __real_at_keep_start(at_keep *k, int64_t *t);
void __wrap_at_keep_bytes(at_keep *k, void *p, size_t n);
void __wrap_at_keep_floats(at_keep *k, float *x, size_t n);
void __wrap_at_keep_places(at_keep *k, float *x, size_t n);
void __wrap_at_keep_shares(at_keep *k, float *x, size_t n);
void __wrap_at_keep_int(at_keep *k, int *x, int least, int most);
void __wrap_at_keep_number(at_keep *k, uint32_t *x);
void __wrap_at_keep_count(at_keep *k, int64_t *x);
void __wrap_at_keep_time(at_keep *k, int64_t *t);
void __wrap_at_keep_start(at_keep *k, int64_t *t);

void __wrap_at_keep_bytes(at_keep *k, void *p, size_t n)
{
    note(k, BYTES);
    __real_at_keep_bytes(k, p, n);
}

void __wrap_at_keep_floats(at_keep *k, float *x, size_t n)
{
    note(k, FLOATS);
    __real_at_keep_floats(k, x, n);
}

void __wrap_at_keep_places(at_keep *k, float *x, size_t n)
{
    note(k, PLACES);
    __real_at_keep_places(k, x, n);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(!k->reads || (x[i] > -1e9F && x[i] < 1e9F));
}

void __wrap_at_keep_shares(at_keep *k, float *x, size_t n)
{
    note(k, SHARES);
    __real_at_keep_shares(k, x, n);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(!k->reads || (x[i] >= 0 && x[i] <= 1));
}

void __wrap_at_keep_int(at_keep *k, int *x, int least, int most)
{
    note(k, INT);
    __real_at_keep_int(k, x, least, most);
    FUZZ_CHECK((*x >= least && *x <= most) || (k->status < 0 && *x == 0));
}

void __wrap_at_keep_number(at_keep *k, uint32_t *x)
{
    note(k, NUMBER);
    __real_at_keep_number(k, x);
}

void __wrap_at_keep_count(at_keep *k, int64_t *x)
{
    note(k, COUNT);
    __real_at_keep_count(k, x);
    FUZZ_CHECK(*x >= 0);
}

void __wrap_at_keep_time(at_keep *k, int64_t *t)
{
    note(k, TIME);
    __real_at_keep_time(k, t);
    FUZZ_CHECK(*t > INT64_MIN / 512 && *t < INT64_MAX / 512);
}

void __wrap_at_keep_start(at_keep *k, int64_t *t)
{
    note(k, START);
    __real_at_keep_start(k, t);
}

/* ---- changes ------------------------------------------------------------------------------------ */

static int64_t hostile(uint32_t i)
{
    static const int64_t odd[] = {0,
                                  1,
                                  -1,
                                  2,
                                  7,
                                  31,
                                  33,
                                  INT32_MAX,
                                  INT32_MIN,
                                  UINT32_MAX,
                                  INT64_MAX,
                                  INT64_MIN,
                                  9000000000000000,
                                  -9000000000000000,
                                  1000000,
                                  2480000,
                                  0x7fc00000,
                                  0x7f800000,
                                  0x7ff8000000000000,
                                  500000};

    return odd[i % (sizeof odd / sizeof *odd)];
}

static void put(uint8_t *data, size_t size, size_t at, const void *bytes, size_t n)
{
    if (at < size)
        memcpy(data + at, bytes, n < size - at ? n : size - at);
}

/* Where the i-th field is; of that kind, where there are any, so that few among many are met as well. */
static size_t field_at(const kept *x, int i, int kind)
{
    int of_kind = 0;

    for (int f = 0; f < x->fields; f++)
        of_kind += x->kind[f] == kind;
    if (of_kind == 0)
        return x->field[i % x->fields];
    i %= of_kind;
    for (int f = 0;; f++)
        if (x->kind[f] == kind && i-- == 0)
            return x->field[f];
}

/* A change of a field of the state, or of any place in either; returns the state's size after it: cut there, cut
 * in the head, or longer. */
static size_t change(const uint8_t *c, const kept *fine, uint8_t *state, size_t size, kept *told)
{
    const int at = c[0] | c[1] << 8;
    const size_t field = field_at(fine, at, c[2] / HOWS - 1);
    uint32_t by;
    int64_t odd;

    memcpy(&by, c + 3, sizeof by);
    odd = hostile(by);
    switch (c[2] % HOWS) {
    case 0: put(state, size, field, &by, 4); break;
    case 1: put(state, size, field, &odd, 4); break;
    case 2: put(state, size, field, &odd, 8); break;
    case 3: put(state, size, field + by / 32 % 256 * 4, &odd, 4); break;
    case 4: return by % 8 == 0 ? field : by % 8 == 1 ? by / 8 % HEAD : fine->size + by / 8 % ROOM;
    case 5: put(told->data, told->size, (size_t)at * 4, &odd, 4); break;
    case 6: put(told->data, told->size, (size_t)at, &by, 4); break;
    default: told->size -= told->size && by % 8 == 0; break;
    }
    return size;
}

/* A state that can be changed, zeros behind it. */
static uint8_t *copy_of(const kept *x)
{
    uint8_t *copy = calloc(1, x->size + ROOM);

    FUZZ_CHECK(copy);
    memcpy(copy, x->data, x->size);
    return copy;
}

static uint64_t digest_of(const void *bytes, size_t n)
{
    at_digest d;

    at_digest_begin(&d);
    at_digest_add(&d, bytes, n);
    return at_digest_of(&d);
}

/* ---- a recording, and a run of it -------------------------------------------------------------- */

/* With sound, whose windows never wait; or with a signal and a chat. */
enum { ALONE, SOUND_TOO, BESIDE_TOO, RUNS };

typedef struct run {
    at_resume *resume;
    attune_session *session;
    at_hindsight hindsight;
    at_beside beside;
    at_media_options media;
    int64_t told; /* windows and sightings */
    int waits;    /* windows, as in analyze.c */
    int has_beside;
} run;

static void see_again(void *user, const attune_sighting *x)
{
    run *r = user;

    (void)x;
    r->told++;
}

static void see(void *user, const attune_sighting *x)
{
    see_again(user, x);
    at_resume_add_sighting(((run *)user)->resume, x);
}

static int hear_of(void *user, const attune_window *w)
{
    run *r = user;

    FUZZ_CHECK(w->start_us >= 0 && w->end_us >= w->start_us);
    FUZZ_CHECK((w->beside != NULL) == r->has_beside);
    FUZZ_CHECK(!w->beside ||
               (w->beside->signals >= 0 && w->beside->signals <= ATTUNE_MAX_SIGNALS &&
                w->beside->unread <= (w->beside->messages > 0 ? w->beside->messages : 0)));
    r->told++;
    return 0;
}

static void path_in(char path[FUZZ_PATH], const char *name)
{
    snprintf(path, FUZZ_PATH, "%s/%s", fuzz_folder(), name);
}

/* Rows and messages for all pictures and some more; opened once. */
static const attune_beside_setup *logs(void)
{
    static const char
        signal[] =
            "time,hr,clicks\n0,70,1\n0.5,71,\n1,72,2\n1.5,74,\n2,70,1\n2.4,71,1\n3,70,\n9,70,1\n",
        chat[] =
            "time,text\n0.2,so confused\n1.1,great\n2.2,je ne sais pas\n2.5,I am sad\n3.1,ok\n";
    static attune_beside_setup setup;
    attune_log_options events = {.events = "clicks"}, messages = {.chat = 1};
    char path[2][FUZZ_PATH];

    if (setup.signal_log)
        return &setup;
    path_in(path[0], "signal.csv");
    path_in(path[1], "chat.csv");
    FUZZ_CHECK(fuzz_folder_put("signal.csv", signal, sizeof signal - 1) &&
               fuzz_folder_put("chat.csv", chat, sizeof chat - 1));
    FUZZ_CHECK(attune_log_open(&setup.signal_log, path[0], &events, NULL) == ATTUNE_OK &&
               attune_log_open(&setup.chat_log, path[1], &messages, NULL) == ATTUNE_OK);
    return &setup;
}

static attune_options options_of(run *r, int which)
{
    return (attune_options){.max_tracks = 2,
                            .threads = 1,
                            .thumbnails = 32,
                            .no_audio = which != SOUND_TOO,
                            .causal = which == SOUND_TOO,
                            .beside = which == BESIDE_TOO ? logs() : NULL,
                            .on_sighting = which == SOUND_TOO ? NULL : see,
                            .on_sighting_user = r};
}

/* Two people, of whom one moves. */
static at_media_packet picture(int i)
{
    static uint8_t rgb[FAKE_W * FAKE_H * 3];
    const fake_face face[FAKE_FACES] = {{100 + i % 50, 60, 100, 3},
                                        {20, 100, 60, i % 15 < 6 ? 1 : 2}};

    fake_picture(rgb, face);
    return (at_media_packet){
        .kind = AT_MEDIA_VIDEO,
        .t_us = (int64_t)i * PICTURE_US,
        .picture = {.w = FAKE_W, .h = FAKE_H, .plane = {rgb}, .stride = {3 * FAKE_W}}};
}

static at_media_packet sound(int i)
{
    static float pcm[SOUND];

    for (int k = 0; k < SOUND; k++)
        pcm[k] = (float)((k * 37 + i * 11) % 101 - 50) / (i % 20 < 16 ? 200 : 20000);
    return (at_media_packet){
        .kind = AT_MEDIA_AUDIO, .t_us = (int64_t)i * PICTURE_US, .pcm = pcm, .n = SOUND};
}

static at_media_info info_at(int i)
{
    return (at_media_info){
        .has_video = 1, .restart = i < KEY ? 0 : 10, .restart_us = i < KEY ? 0 : 10 * PICTURE_US};
}

static void tell(run *r, const attune_window *w)
{
    hear_of(r, w);
    at_resume_add_window(r->resume, w);
}

static int drain(run *r)
{
    attune_window w;
    int rc;

    while ((rc = attune_session_next(r->session, &w)) == 1) {
        if (r->waits)
            FUZZ_CHECK(at_hindsight_hold(&r->hindsight, r->session, &w) == ATTUNE_OK);
        else
            tell(r, &w);
        while (at_hindsight_next(&r->hindsight, 0, &w))
            tell(r, &w);
    }
    return rc;
}

static int push(run *r, const at_media_packet *p)
{
    int rc = at_beside_push(&r->beside, r->session, p->t_us, NULL);

    if (rc == ATTUNE_OK)
        rc = p->kind == AT_MEDIA_VIDEO
                 ? attune_session_push_picture(r->session, p->t_us, &p->picture)
                 : attune_session_push_audio(r->session, p->t_us, p->pcm, p->n);

    return rc < 0 ? rc : drain(r);
}

/* As at_resume_take; what is new was pushed. p: nullable. */
static int meet(run *r, const at_media_packet *p, int i)
{
    const attune_options again = {.on_sighting = see_again, .on_sighting_user = r};
    const attune_sink sink = {.window = hear_of, .user = r};
    const int behind = at_resume_catches_up(r->resume);
    const at_media_info info = info_at(i);
    attune_error err = {0};
    int rc = at_resume_take(r->resume, r->session, p, &info, &err);

    FUZZ_CHECK(rc >= 0 || err.text[0]);
    if (rc == 1 && behind && (rc = at_resume_tell(r->resume, &sink, &again, &err)) == ATTUNE_OK)
        rc = 1;
    return rc == 1 && p ? push(r, p) : rc == 1 ? ATTUNE_OK : rc;
}

/* Pictures from there on, as a reader gives them that is told where it may begin. */
static int watch(run *r, int until, int which)
{
    int rc = ATTUNE_OK;

    for (int i = 0; i < until && rc == ATTUNE_OK; i++) {
        const at_media_packet s = sound(i), p = picture(i);
        if (which == SOUND_TOO)
            rc = meet(r, &s, i);
        if (rc == ATTUNE_OK && (!r->media.restart || p.t_us >= r->media.restart_us))
            rc = meet(r, &p, i);
    }
    return rc;
}

/* 0: it was refused. */
static int begin(run *r, int which)
{
    attune_options o = options_of(r, which);
    attune_error err = {0};
    int rc;

    attune_session_free(&r->session);
    at_hindsight_free(&r->hindsight);
    r->hindsight = (at_hindsight){0};
    r->media = (at_media_options){0};
    at_resume_restart(r->resume, &r->media);
    FUZZ_CHECK(r->media.restart >= 0);
    FUZZ_CHECK(at_beside_open(&r->beside, &o, NULL) == ATTUNE_OK);
    o.beside = o.beside ? &r->beside.setup : NULL;
    FUZZ_CHECK(attune_session_open(&r->session, fake_model(), &o, &err) == ATTUNE_OK);
    r->has_beside = which == BESIDE_TOO;
    r->waits = !o.causal && at_hindsight_helps(r->session);
    rc = at_resume_restore(r->resume, r->session, &r->hindsight, &r->beside, &err);
    FUZZ_CHECK(rc == ATTUNE_OK || (rc == ATTUNE_E_FORMAT && strstr(err.text, "is damaged") &&
                                   at_resume_is_damaged(r->resume)));
    return rc == ATTUNE_OK;
}

static void end(run *r)
{
    at_resume_free(&r->resume);
    attune_session_free(&r->session);
    at_hindsight_free(&r->hindsight);
}

static void finish(run *r)
{
    attune_window w;
    attune_error err = {0};

    if (attune_session_finish(r->session) < 0 || drain(r) < 0)
        return;
    while (at_hindsight_next(&r->hindsight, 1, &w))
        hear_of(r, &w);
    FUZZ_CHECK(at_resume_save(r->resume, r->session, &r->hindsight, &r->beside, 1, &err) ==
                   ATTUNE_OK ||
               err.text[0]);
}

static void read_file(kept *x, const char *name)
{
    char path[FUZZ_PATH];
    FILE *f;

    path_in(path, name);
    FUZZ_CHECK((f = fopen(path, "rb")) && fseek(f, 0, SEEK_END) == 0);
    x->size = (size_t)ftell(f);
    rewind(f);
    FUZZ_CHECK((x->data = malloc(x->size)) && fread(x->data, 1, x->size, f) == x->size);
    fclose(f);
}

/* Written once: with one that is newer than a state no run would be gone on with. */
static void find_clip(char path[FUZZ_PATH])
{
    path_in(path, "clip");
    FUZZ_CHECK(access(path, F_OK) == 0 || fuzz_folder_put("clip", "clip", 4));
}

/* A run that was killed: its state, and what it told. */
static void make(kept *state, kept *told, int which)
{
    char folder[FUZZ_PATH], input[FUZZ_PATH];
    run r = {0};
    const attune_options o = options_of(&r, which);

    FUZZ_CHECK(setrlimit(RLIMIT_FSIZE, &(struct rlimit){MOST_BYTES, MOST_BYTES}) == 0);
    fake_use_baseline(1); /* or no window would wait */
    path_in(folder, "out");
    find_clip(input);
    attune_resume_forget(folder);
    FUZZ_CHECK(at_resume_open(&r.resume, folder, fake_model(), input, &o, NULL) == ATTUNE_OK);
    FUZZ_CHECK(begin(&r, which) && watch(&r, BROKEN_OFF, which) == ATTUNE_OK && r.told > 0);
    noting = state;
    FUZZ_CHECK(at_resume_save(r.resume, r.session, &r.hindsight, &r.beside, 1, NULL) == ATTUNE_OK);
    noting = NULL;
    end(&r);
    read_file(state, "out/attune-resume.state");
    read_file(told, "out/attune-resume.told");
    for (int i = 0; i < state->fields; i++)
        state->field[i] += HEAD;
    FUZZ_CHECK(state->fields > 100 && state->fields < FIELDS);
    FUZZ_CHECK(state->field[TOLD_DIGEST + 1] - state->field[TOLD_DIGEST] == sizeof(at_digest));
    FUZZ_CHECK(memcmp(state->data + state->field[TOLD_BYTES], &(int64_t){(int64_t)told->size}, 8) ==
               0);
}

/* fine: as it was kept. */
static void go_on(int which, int fine)
{
    char folder[FUZZ_PATH], input[FUZZ_PATH];
    run r = {0};
    const attune_options o = options_of(&r, which);
    attune_error err = {0};
    double done_s = -1;
    int rc;

    path_in(folder, "out");
    find_clip(input);
    rc = attune_resume_find(folder, fake_model(), input, &o, &done_s, &err);
    FUZZ_CHECK(rc == 1 || (!fine && (rc == ATTUNE_E_FORMAT || rc == ATTUNE_E_STATE)));
    FUZZ_CHECK(rc == 1 || strstr(err.text, "attune-resume.state") || strstr(err.text, input));
    FUZZ_CHECK(at_resume_open(&r.resume, folder, fake_model(), input, &o, &err) ==
               (rc == 1 ? 0 : rc));
    FUZZ_CHECK((r.resume != NULL) == (rc == 1));
    if (!r.resume)
        return;
    FUZZ_CHECK(at_resume_spent_s(r.resume) >= 0 && at_resume_spent_s(r.resume) < 1e10);
    rc = begin(&r, which) ? watch(&r, PICTURES, which) : ATTUNE_E_FORMAT;
    if (rc == AT_RESUME_ANEW) {
        FUZZ_CHECK(begin(&r, which) && r.media.restart == 0);
        rc = watch(&r, PICTURES, which);
        FUZZ_CHECK(rc != AT_RESUME_ANEW);
    }
    FUZZ_CHECK(rc == ATTUNE_OK || !fine);
    if (rc == ATTUNE_OK && meet(&r, NULL, PICTURES) == ATTUNE_OK)
        finish(&r);
    end(&r);
}

static void damage_run(const uint8_t *data, size_t size, int which)
{
    static kept fine[RUNS], fine_told[RUNS];
    const kept *from = &fine[which];
    const int whole = size < CHANGE;
    at_digest told_digest;
    uint64_t digest;

    if (!from->data)
        make(&fine[which], &fine_told[which], which);
    kept told = fine_told[which];
    size_t n = from->size;
    uint8_t *state = copy_of(from);
    told.data = malloc(told.size);
    FUZZ_CHECK(told.data);
    memcpy(told.data, fine_told[which].data, told.size);
    for (; size >= CHANGE; data += CHANGE, size -= CHANGE)
        n = change(data, from, state, n, &told);
    at_digest_begin(&told_digest);
    at_digest_add(&told_digest, told.data, told.size);
    put(state, n, from->field[TOLD_DIGEST], &told_digest, sizeof told_digest);
    digest = n > HEAD ? digest_of(state + HEAD, n - HEAD) : 0;
    put(state, n, HEAD - sizeof digest, &digest, sizeof digest);
    FUZZ_CHECK(fuzz_folder_put("out/attune-resume.state", state, n) &&
               fuzz_folder_put("out/attune-resume.told", told.data, told.size));
    go_on(which, whole);
    free(told.data);
    free(state);
}

/* ---- what the search for faces keeps, which the fake sessions have none of -------------------------- */

static at_search *search_of(void)
{
    static at_params p;
    at_search *s;

    if (!p.count)
        fine_detector(&p);
    const at_weight_source source = at_params_source(&p);
    FUZZ_CHECK(at_search_create(&s, &source, NULL, at_kernels_best(),
                                &(at_search_options){.min_face = 12, .most = 2},
                                NULL) == ATTUNE_OK);
    return s;
}

static void search(at_search *s, int from, int to)
{
    static uint8_t rgb[SIDE * SIDE * 3];
    const attune_picture p = {.w = SIDE, .h = SIDE, .plane = {rgb}, .stride = {3 * SIDE}};
    at_face found[2];
    int n = 0;

    for (int i = 0; i < SIDE * SIDE * 3; i++)
        rgb[i] = (uint8_t)(i * 7 % 251);
    for (int i = from; i < to && n >= 0; i++)
        n = at_search_faces(s, (int64_t)i * PICTURE_US, &p, found, n, found, 2);
    FUZZ_CHECK(n <= 2);
}

static void damage_search(const uint8_t *data, size_t size)
{
    static kept fine;
    kept none = {0};
    at_search *s = search_of();

    if (!fine.data) {
        at_keep k = {0};
        at_search *made = search_of();
        search(made, 0, 3);
        noting = &fine;
        at_search_keep(&k, made);
        noting = NULL;
        FUZZ_CHECK(k.status == ATTUNE_OK && fine.fields > 5);
        fine.data = k.data;
        fine.size = k.size;
        at_search_free(&made);
    }
    uint8_t *copy = copy_of(&fine);
    size_t n = fine.size;
    for (; size >= CHANGE; data += CHANGE, size -= CHANGE)
        n = change(data, &fine, copy, n, &none);
    at_keep in = {.data = copy, .size = n, .reads = 1};
    at_search_keep(&in, s);
    if (at_keep_is_read(&in))
        search(s, 3, 5);
    at_search_free(&s);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % (RUNS + 1) == RUNS)
        damage_search(data + 1, size - 1);
    else
        damage_run(data + 1, size - 1, data[0] % (RUNS + 1));
    return 0;
}
