#include "data/faces.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "data/loading.h"
#include "media/media.h"
#include "degrade/degrade.h"
#include "vision/face_input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- loading ---------------------------------------------------------------------------- */

enum {
    LARGEST_FILE = 256 << 20,
    KEPT_PIXELS = 512 *
                  512, /* larger pictures are not kept: decoding is little beside searching them */
    TIGHT_SIDE = 200,  /* pictures up to this size are taken for crops of a face, and enlarged */
    SEARCH_SIDE = 320,
};
/* A tight crop leaves the detector too little surroundings: it gets a replicated border of this
 * share of the picture on every side. */
static const float border_share = 0.25f;

/* What a thread searches with; made when it has its first picture. */
typedef struct searcher {
    at_detector *detector;
    at_image padded, scaled;
} searcher;

typedef struct loader {
    at_face_sample *list;
    const at_corpus *corpora;
    const at_weight_source *weights; /* of a detector; NULL: no search */
    searcher *searcher;              /* a thread */
    at_digest searched_by;           /* the detector's weights */
    at_loading loading;
} loader;

/* Searches the picture with a border round it, enlarged to SEARCH_SIDE. */
static int search_tight(searcher *q, const at_image *im, at_face *face)
{
    int longer = im->w > im->h ? im->w : im->h, border = (int)(border_share * (float)longer);
    at_image *padded = &q->padded, *scaled = &q->scaled;
    int w = im->w + 2 * border, h = im->h + 2 * border;
    float scale = SEARCH_SIDE / (float)(longer + 2 * border);
    int sw = (int)lroundf((float)w * scale), sh = (int)lroundf((float)h * scale);
    int status = at_image_crop(padded, im, -border, -border, w, h);
    if (status < 0 || (status = at_image_resize(scaled, padded, sw, sh)) < 0)
        return status;
    if ((status = at_detector_run(q->detector, scaled, face, 1)) < 1)
        return status;
    face->x = face->x / scale - (float)border;
    face->y = face->y / scale - (float)border;
    face->w /= scale;
    face->h /= scale;
    for (int i = 0; i < AT_LANDMARKS; i++)
        for (int k = 0; k < 2; k++)
            face->landmark[i][k] = face->landmark[i][k] / scale - (float)border;
    return 1;
}

static int find_face(loader *l, int thread, at_face_sample *s)
{
    const at_image *im = &s->image;
    searcher *q = &l->searcher[thread];
    int longer = im->w > im->h ? im->w : im->h, found = 0;
    if (l->weights && !q->detector)
        found = at_detector_create(&q->detector, l->weights, NULL, at_kernels_best(), NULL, NULL);
    if (l->weights && found == 0 && longer > TIGHT_SIDE)
        found = at_detector_run(q->detector, im, &s->face, 1);
    if (l->weights && found == 0)
        found = search_tight(q, im, &s->face);
    if (found < 0)
        return found;
    s->found = found && at_align_matrix(&s->face, s->m) == ATTUNE_OK;
    if (!s->found) {
        memset(&s->face, 0, sizeof s->face);
        at_align_whole_matrix(im->w, im->h, s->m);
    }
    return ATTUNE_OK;
}

/* A damaged picture is no error: its image stays empty. */
static int read_picture(at_image *out, const char *path, attune_error *err)
{
    uint8_t *rgb;
    int w, h, status = at_media_load_image(path, &rgb, &w, &h, err);
    if (status < 0)
        return at_loading_ends(path, status) ? status : ATTUNE_OK;
    at_image borrowed = at_image_borrow(rgb, w, h, 3, 3 * (ptrdiff_t)w);
    status = at_image_copy(out, &borrowed);
    at_free(rgb);
    return status;
}

static int copy_listed(at_image *out, const uint8_t *grey)
{
    uint8_t rgb[3 * AT_LISTED_SIDE * AT_LISTED_SIDE];
    for (int i = 0; i < AT_LISTED_SIDE * AT_LISTED_SIDE; i++)
        rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey[i];
    at_image borrowed = at_image_borrow(rgb, AT_LISTED_SIDE, AT_LISTED_SIDE, 3, 3 * AT_LISTED_SIDE);
    return at_image_copy(out, &borrowed);
}

static int make(loader *l, int thread, at_face_sample *s, attune_error *err)
{
    const uint8_t *listed = at_corpus_picture(&l->corpora[s->corpus], &s->label);
    int status = listed ? copy_listed(&s->image, listed)
                        : read_picture(&s->image, s->label.path, err);
    if (status == ATTUNE_OK && s->image.data)
        status = find_face(l, thread, s);
    return status;
}

/* ---- what was made before ------------------------------------------------------------------- */

/* What the cache keeps of a picture; its pixels, row by row, may follow. */
typedef struct kept_face {
    int32_t found, w, h;
    float m[6];
    at_face face;
} kept_face;

/* Of the detector, the picture's file, or its pixels in a list. ATTUNE_E_IO: it cannot be read. */
static int key_of(const loader *l, const at_face_sample *s, at_cache_key *key)
{
    const uint8_t *listed = at_corpus_picture(&l->corpora[s->corpus], &s->label);
    const uint64_t detector = l->weights ? at_digest_of(&l->searched_by) : 0;
    unsigned char *file;
    size_t n;
    at_cache_key_begin(key, listed ? "listed face" : "face");
    at_cache_key_add(key, &detector, sizeof detector);
    if (listed) {
        at_cache_key_add(key, listed, (size_t)AT_LISTED_SIDE * AT_LISTED_SIDE);
        return ATTUNE_OK;
    }
    const int status = at_file_read(s->label.path, LARGEST_FILE, &file, &n, NULL);
    if (status < 0)
        return status == ATTUNE_E_NOMEM ? status : ATTUNE_E_IO;
    at_cache_key_add(key, file, n);
    at_free(file);
    return ATTUNE_OK;
}

/* The picture: what was kept of it, or out of its file again. */
static int restore_picture(at_face_sample *s, const kept_face *k, const unsigned char *pixels,
                           size_t n, attune_error *err)
{
    if (n == 0)
        return read_picture(&s->image, s->label.path, err);
    const at_image borrowed = at_image_borrow(pixels, k->w, k->h, 3, 3 * (ptrdiff_t)k->w);
    return at_image_copy(&s->image, &borrowed);
}

/* 1: it is as it was made; 0: what was kept is not of its kind. */
static int restore(at_face_sample *s, const unsigned char *data, size_t n, attune_error *err)
{
    kept_face k;
    if (n < sizeof k)
        return 0;
    memcpy(&k, data, sizeof k);
    const size_t pixels = n - sizeof k;
    if (k.w < 1 || k.h < 1 || k.w > AT_IMAGE_MAX_SIDE || k.h > AT_IMAGE_MAX_SIDE ||
        (pixels && pixels != (size_t)k.w * (size_t)k.h * 3))
        return 0;
    const int status = restore_picture(s, &k, data + sizeof k, pixels, err);
    if (status < 0 || s->image.w != k.w || s->image.h != k.h)
        return status < 0 ? status : 0;
    s->found = k.found;
    s->face = k.face;
    memcpy(s->m, k.m, sizeof s->m);
    return 1;
}

static int keep(at_cache *cache, const at_cache_key *key, const at_face_sample *s)
{
    const size_t row = 3 * (size_t)s->image.w;
    const size_t n =
        (size_t)s->image.w * (size_t)s->image.h > KEPT_PIXELS ? 0 : row * (size_t)s->image.h;
    kept_face k = {.found = s->found, .w = s->image.w, .h = s->image.h, .face = s->face};
    unsigned char *pixels = n ? at_alloc(n, 1) : NULL;
    if (n && !pixels)
        return ATTUNE_E_NOMEM;
    memcpy(k.m, s->m, sizeof k.m);
    for (int y = 0; y < s->image.h && n; y++)
        memcpy(pixels + (size_t)y * row, at_image_at(&s->image, 0, y), row);
    at_cache_put(cache, key, &k, sizeof k, pixels, n);
    at_free(pixels);
    return ATTUNE_OK;
}

static int make_or_restore(loader *l, int thread, at_face_sample *s, attune_error *err)
{
    at_cache *cache = l->corpora[s->corpus].cache;
    at_cache_key key;
    unsigned char *data;
    size_t n;
    int status = cache ? key_of(l, s, &key) : ATTUNE_E_IO;
    if (status < 0)
        return status == ATTUNE_E_NOMEM ? status : make(l, thread, s, err);
    status = at_cache_get(cache, &key, &data, &n);
    if (status == 1) {
        status = restore(s, data, n, err);
        at_free(data);
    }
    if (status)
        return status < 0 ? status : ATTUNE_OK;
    at_image_free(&s->image); /* of what was half restored */
    status = make(l, thread, s, err);
    return status == ATTUNE_OK && s->image.data ? keep(cache, &key, s) : status;
}

static void load_one(void *arg, int task, int thread)
{
    loader *l = arg;
    attune_error why = {0};
    if (at_loading_status(&l->loading, NULL))
        return;
    const int status = make_or_restore(l, thread, &l->list[task], &why);
    at_loading_note(&l->loading, status, &why);
}

/* A source of weights that digests what is taken from it. */
typedef struct digesting {
    const at_weight_source *source;
    at_digest *digest;
} digesting;

static int find_and_digest(const void *user, const char *name, at_weight *out)
{
    const digesting *d = user;
    const int found = d->source->find(d->source->user, name, out);
    at_digest_add(d->digest, name, strlen(name) + 1);
    if (found)
        at_digest_add(d->digest, out->data, out->count * sizeof *out->data);
    return found;
}

static int copy_labels(at_faces *out, const at_corpus *corpora, int n)
{
    int total = 0;
    for (int c = 0; c < n; c++)
        total += corpora[c].count;
    out->list = calloc((size_t)total + 1, sizeof *out->list);
    if (!out->list)
        return ATTUNE_E_NOMEM;
    for (int c = 0; c < n; c++)
        for (int i = 0; i < corpora[c].count; i++) {
            at_face_sample *s = &out->list[out->count];
            s->label = corpora[c].list[i];
            s->corpus = c;
            s->slot = i;
            s->label.path = strdup(s->label.path);
            s->label.signal = s->label.chat = NULL;
            out->count++;
            if (!s->label.path)
                return ATTUNE_E_NOMEM;
        }
    return ATTUNE_OK;
}

static void drop_unreadable(at_faces *f)
{
    int kept = 0;
    for (int i = 0; i < f->count; i++) {
        if (!f->list[i].image.data) {
            free(f->list[i].label.path);
            f->unreadable++;
            continue;
        }
        f->found += f->list[i].found;
        f->list[kept++] = f->list[i];
    }
    f->count = kept;
}

int at_faces_load(at_faces *out, const at_corpus *corpora, int n, const at_weight_source *detector,
                  at_pool *pool, const at_watcher *watcher, attune_error *err)
{
    memset(out, 0, sizeof *out);
    int threads = at_pool_threads(pool), status = ATTUNE_OK;
    loader l = {.corpora = corpora, .weights = detector};
    l.searcher = calloc((size_t)threads, sizeof *l.searcher);
    if (!l.searcher || copy_labels(out, corpora, n) < 0)
        status = at_fail_nomem(err);
    at_digest_begin(&l.searched_by);
    const digesting d = {detector, &l.searched_by};
    const at_weight_source first = {find_and_digest, &d};
    if (status == ATTUNE_OK && detector) /* says what is wrong with the weights, if anything is */
        status =
            at_detector_create(&l.searcher[0].detector, &first, NULL, at_kernels_best(), NULL, err);
    if (status == ATTUNE_OK) {
        l.list = out->list;
        status = at_each(pool, "faces", out->count, load_one, &l, watcher, err);
        status = status ? status : at_loading_status(&l.loading, err);
    }
    for (int t = 0; l.searcher && t < threads; t++) {
        at_detector_free(&l.searcher[t].detector);
        at_image_free(&l.searcher[t].padded);
        at_image_free(&l.searcher[t].scaled);
    }
    free(l.searcher);
    if (status < 0)
        at_faces_free(out);
    else
        drop_unreadable(out);
    return status;
}

void at_faces_free(at_faces *f)
{
    for (int i = 0; i < f->count; i++) {
        free(f->list[i].label.path);
        at_image_free(&f->list[i].image);
    }
    free(f->list);
    memset(f, 0, sizeof *f);
}

/* ---- rendering --------------------------------------------------------------------------- */

static float signed_unit(at_rng *r)
{
    return at_rng_range(r, -1, 1);
}

void at_face_moved(float m[6], const at_face_move *move)
{
    const float middle = (AT_FACE_SIDE - 1) / 2.f;
    const float angle = move->turn * 0.01745329252f, scale = expf(move->zoom);
    const float mirror = move->mirrored ? -1.f : 1.f;
    const float c = scale * cosf(angle), s = scale * sinf(angle);
    const float j[4] = {mirror * c, -mirror * s, s, c};
    float in[6];
    memcpy(in, m, sizeof in);
    for (int k = 0; k < 3; k++) {
        float x = in[k] - (k == 2 ? middle : 0), y = in[3 + k] - (k == 2 ? middle : 0);
        m[k] = j[0] * x + j[1] * y + (k == 2 ? middle + move->x : 0);
        m[3 + k] = j[2] * x + j[3] * y + (k == 2 ? middle + move->y : 0);
    }
}

static at_face_move draw_move(const at_face_augment *a, at_rng *r)
{
    at_face_move move;
    move.turn = a->turn * signed_unit(r);
    move.zoom = a->zoom * signed_unit(r);
    move.x = a->shift * AT_FACE_SIDE * signed_unit(r);
    move.y = a->shift * AT_FACE_SIDE * signed_unit(r);
    move.mirrored = at_rng_float(r) < a->flip;
    return move;
}

/* The share of the oval that a face takes of its aligned square which map (side*side bytes) marks. */
static float marked_share(const uint8_t *map, int side)
{
    const float middle_x = 0.5f, middle_y = 0.55f, half_w = 0.36f, half_h = 0.45f;
    int marked = 0, all = 0;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            float dx = (((float)x + 0.5f) / (float)side - middle_x) / half_w;
            float dy = (((float)y + 0.5f) / (float)side - middle_y) / half_h;
            if (dx * dx + dy * dy > 1)
                continue;
            marked += map[y * side + x] != 0;
            all++;
        }
    return all ? (float)marked / (float)all : 0;
}

/* Some degradations, each with its probability. map: (w*h) zeroed, marks what is hidden. */
static int degrade_sometimes(at_image *im, const at_face_augment *a, at_rng *r, uint8_t *map)
{
    const float covers = a->covers > 0 ? fmaxf(a->covers, 0.1f) : 0.5f;
    /* Levels at strength 1, on a 112-pixel face. */
    const struct {
        float probability;
        at_degrade_kind kind[3];
        int kinds;
        float least, most;
    } steps[] = {
        {a->dark, {AT_DEGRADE_DARK, AT_DEGRADE_GAMMA, AT_DEGRADE_CONTRAST}, 3, 0.2f, 1.f},
        {a->occlude, {AT_DEGRADE_PATCH, AT_DEGRADE_HAND, AT_DEGRADE_MASK}, 3, 0.1f, covers},
        {a->blur, {AT_DEGRADE_BLUR, AT_DEGRADE_MOTION}, 2, 0.2f, 1.f},
        {a->small, {AT_DEGRADE_RESOLUTION}, 1, 0.2f, 1.f},
        {a->compress, {AT_DEGRADE_BLOCKS, AT_DEGRADE_NOISE}, 2, 0.2f, 1.f},
    };
    static const float full[AT_DEGRADE_KINDS] = {
        [AT_DEGRADE_BLUR] = 4,    [AT_DEGRADE_MOTION] = 14,     [AT_DEGRADE_RESOLUTION] = 6,
        [AT_DEGRADE_BLOCKS] = 95, [AT_DEGRADE_DARK] = 4,        [AT_DEGRADE_NOISE] = 25,
        [AT_DEGRADE_GAMMA] = 1,   [AT_DEGRADE_CONTRAST] = 0.7f, [AT_DEGRADE_PATCH] = 100,
        [AT_DEGRADE_HAND] = 100,  [AT_DEGRADE_MASK] = 100};
    int status = ATTUNE_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == ATTUNE_OK; i++) {
        float draw = at_rng_float(r);
        at_degrade_kind kind = steps[i].kind[at_rng_below(r, (uint32_t)steps[i].kinds)];
        float share = at_rng_range(r, steps[i].least, steps[i].most) * a->strength;
        float level = share * full[kind] * (float)im->w / AT_FACE_SIDE;
        if (kind != AT_DEGRADE_BLUR && kind != AT_DEGRADE_MOTION)
            level = share * full[kind];
        if (draw < steps[i].probability)
            status = at_degrade(im, kind, level, NULL, r, map);
    }
    return status;
}

void at_face_lit(at_image *im, float gain, float lift, int grey)
{
    uint8_t table[256];
    for (int v = 0; v < 256; v++) {
        float y = ((float)v - 127.5f) * gain + 127.5f + 0.5f * lift;
        table[v] = (uint8_t)(y < 0 ? 0 : y > 255 ? 255 : y + 0.5f);
    }
    for (int y = 0; y < im->h; y++) {
        uint8_t *p = at_image_at(im, 0, y);
        for (int x = 0; x < im->w; x++, p += 3) {
            if (grey) {
                int luma = (77 * p[0] + 150 * p[1] + 29 * p[2] + 128) >> 8;
                p[0] = p[1] = p[2] = (uint8_t)luma;
            }
            for (int k = 0; k < 3; k++)
                p[k] = table[p[k]];
        }
    }
}

static void jitter_light(at_image *im, const at_face_augment *a, at_rng *r)
{
    float gain = 1 + a->light * signed_unit(r), lift = 127.5f * a->light * signed_unit(r);
    at_face_lit(im, gain, lift, at_rng_float(r) < a->grey);
}

int at_face_render(const at_face_sample *s, int side, const at_face_augment *augment, uint64_t seed,
                   uint64_t stream, at_image *dst, at_face_drawn *drawn)
{
    at_face_drawn made = {0};
    float m[6];
    at_rng r;
    memcpy(m, s->m, sizeof m);
    at_rng_seed(&r, seed, stream);
    if (augment) {
        const at_face_move move = draw_move(augment, &r);
        at_face_moved(m, &move);
        made.turned = move.turn;
        made.mirrored = move.mirrored;
    }
    const attune_picture picture = at_picture_of(&s->image);
    at_picture_work work = {0};
    int status = at_face_input_by(dst, &work, &picture, m, side);
    at_picture_work_free(&work);
    if (status == ATTUNE_OK && augment) {
        uint8_t *map = at_calloc((size_t)side, (size_t)side);
        if (!map)
            return ATTUNE_E_NOMEM;
        jitter_light(dst, augment, &r);
        status = degrade_sometimes(dst, augment, &r, map);
        made.covered = marked_share(map, side);
        at_free(map);
    }
    if (drawn)
        *drawn = made;
    return status;
}

typedef struct render {
    const at_faces *f;
    const int *index;
    int side;
    const at_face_augment *augment;
    uint64_t seed;
    float *x;
    at_face_drawn *drawn;
    atomic_int status;
} render;

static void render_one(void *arg, int task, int thread)
{
    render *r = arg;
    int i = r->index[task];
    at_image im = {0};
    (void)thread;
    int status = at_face_render(&r->f->list[i], r->side, r->augment, r->seed, (uint64_t)i, &im,
                                r->drawn ? &r->drawn[task] : NULL);
    if (status == ATTUNE_OK)
        at_face_input_values(&im, r->x + (size_t)task * (size_t)r->side * (size_t)r->side * 3);
    at_image_free(&im);
    if (status < 0)
        atomic_store(&r->status, status);
}

int at_faces_render(const at_faces *f, const int *index, int n, int side,
                    const at_face_augment *augment, uint64_t seed, at_pool *pool, float *x,
                    at_face_drawn *drawn)
{
    render r = {f, index, side, augment, seed, x, drawn, 0};
    at_pool_run(pool, n, render_one, &r);
    return atomic_load(&r.status);
}

typedef struct seeing {
    const at_faces *f;
    at_face_fn see;
    void *user;
    atomic_int status;
} seeing;

static void see_one(void *arg, int i, int thread)
{
    seeing *s = arg;
    at_image aligned = {0};
    int status = at_face_render(&s->f->list[i], AT_FACE_SIDE, NULL, 0, 0, &aligned, NULL);
    if (status == ATTUNE_OK)
        status = s->see(s->user, i, thread, &aligned);
    at_image_free(&aligned);
    if (status < 0)
        atomic_store(&s->status, status);
}

int at_faces_each(const at_faces *f, const char *label, at_pool *pool, at_face_fn see, void *user,
                  const at_watcher *watcher, attune_error *err)
{
    seeing s = {f, see, user, ATTUNE_OK};
    int status = at_each(pool, label, f->count, see_one, &s, watcher, err);
    if (!status && (status = atomic_load(&s.status)))
        at_fail(err, (attune_status)status, "rendering faces failed");
    return status;
}
