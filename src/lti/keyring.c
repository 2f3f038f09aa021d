#include "lti/keyring.h"

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/fetch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct at_ring {
    json_t *keys;                 /* NULL: none were fetched */
    int64_t fetched_us, tried_us; /* fetched_us: of keys */
    int wanted;
    attune_error failure; /* the latest, while it lasts: the thread's own */
} at_ring;

struct at_keyring {
    const at_platforms *platforms;
    at_ring *ring; /* (platforms->n) */
    at_worry worry;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int stopping, has_thread;
};

/* ---- the thread ----------------------------------------------------------------------------------- */

static int is_stopping(void *user)
{
    at_keyring *k = user;
    int stopping;

    pthread_mutex_lock(&k->lock);
    stopping = k->stopping;
    pthread_mutex_unlock(&k->lock);
    return stopping;
}

/* NULL: they are not to be had, or are none; err has the reason. */
static json_t *fetch(at_keyring *k, const char *address, attune_error *err)
{
    unsigned char *bytes = NULL;
    json_t *set = NULL;
    size_t size;

    if (at_fetch(address, &bytes, &size, is_stopping, k, err) != ATTUNE_OK)
        return NULL;
    at_json_read(&set, (const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    at_free(bytes);
    if (json_array_size(json_object_get(set, "keys")) > 0)
        return set;
    json_decref(set);
    at_fail(err, ATTUNE_E_FORMAT, "%s: is no set of keys (JWK set)", address);
    return NULL;
}

static void tell(const at_keyring *k, at_ring *r, const json_t *set, const attune_error *err)
{
    const char *failure = set ? "" : err->text;

    if (!set && err->status == ATTUNE_E_INTERRUPTED)
        return;
    if (*failure && strcmp(r->failure.text, failure) != 0 && k->worry.tell)
        k->worry.tell(k->worry.user, failure);
    snprintf(r->failure.text, sizeof r->failure.text, "%s", failure);
}

/* With the lock held, but not while it fetches. */
static void serve(at_keyring *k, int i)
{
    at_ring *r = &k->ring[i];
    const int64_t asked_us = r->tried_us;
    json_t *set, *before;
    attune_error err = {0};

    r->wanted = 0;
    pthread_mutex_unlock(&k->lock);
    set = fetch(k, k->platforms->platform[i].keys_url, &err);
    tell(k, r, set, &err);
    pthread_mutex_lock(&k->lock);
    before = set ? r->keys : NULL;
    if (set) {
        r->keys = set;
        r->fetched_us = asked_us;
    }
    json_decref(before);
}

static int next_wanted(const at_keyring *k)
{
    for (int i = 0; i < k->platforms->n; i++)
        if (k->ring[i].wanted)
            return i;
    return -1;
}

static void *run(void *user)
{
    at_keyring *k = user;

    pthread_mutex_lock(&k->lock);
    while (!k->stopping) {
        const int i = next_wanted(k);
        if (i >= 0)
            serve(k, i);
        else
            pthread_cond_wait(&k->wake, &k->lock);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

/* ---- calls ---------------------------------------------------------------------------------------- */

static int index_of(const at_keyring *k, const at_platform *p)
{
    return (int)(p - k->platforms->platform);
}

static void want(at_keyring *k, int i, int64_t now_us)
{
    at_ring *r = &k->ring[i];

    if (!k->platforms->platform[i].keys_url || r->wanted)
        return;
    if (r->keys && now_us - r->fetched_us < AT_KEYS_FRESH_US)
        return;
    if (r->tried_us && now_us - r->tried_us < AT_KEYS_PAUSE_US)
        return;
    r->wanted = 1;
    r->tried_us = now_us;
}

static int begin(at_keyring *k, int64_t now_us, attune_error *err)
{
    for (int i = 0; i < k->platforms->n; i++)
        want(k, i, now_us);
    if (next_wanted(k) < 0)
        return ATTUNE_OK;
    if (pthread_create(&k->thread, NULL, run, k) != 0)
        return at_fail(err, ATTUNE_E_IO, "a thread that fetches keys could not be made");
    k->has_thread = 1;
    return ATTUNE_OK;
}

int at_keyring_open(at_keyring **out, const at_platforms *p, at_worry worry, int64_t now_us,
                    attune_error *err)
{
    at_keyring *k = at_calloc(1, sizeof *k);
    int rc;

    *out = NULL;
    if (!k)
        return at_fail_nomem(err);
    k->platforms = p;
    k->worry = worry;
    pthread_mutex_init(&k->lock, NULL); /* cannot fail here */
    pthread_cond_init(&k->wake, NULL);
    k->ring = at_calloc((size_t)p->n, sizeof *k->ring);
    rc = k->ring ? begin(k, now_us, err) : at_fail_nomem(err);
    if (rc < 0)
        at_keyring_free(&k);
    *out = k;
    return rc;
}

void at_keyring_free(at_keyring **k)
{
    at_keyring *q = *k;

    if (!q)
        return;
    pthread_mutex_lock(&q->lock);
    q->stopping = 1;
    pthread_cond_signal(&q->wake);
    pthread_mutex_unlock(&q->lock);
    if (q->has_thread)
        pthread_join(q->thread, NULL);
    for (int i = 0; q->ring && i < q->platforms->n; i++)
        json_decref(q->ring[i].keys);
    pthread_cond_destroy(&q->wake);
    pthread_mutex_destroy(&q->lock);
    at_free(q->ring);
    at_free(q);
    *k = NULL;
}

void at_keyring_want(at_keyring *k, const at_platform *p, int64_t now_us)
{
    pthread_mutex_lock(&k->lock);
    want(k, index_of(k, p), now_us);
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
}

json_t *at_keyring_get(at_keyring *k, const at_platform *p, int64_t now_us)
{
    const at_ring *r = &k->ring[index_of(k, p)];
    json_t *keys;

    if (p->keys)
        return json_incref(p->keys);
    /* counts of references are not to be shared with a thread (jansson 2.14) */
    pthread_mutex_lock(&k->lock);
    keys = r->keys && now_us - r->fetched_us < AT_KEYS_OLD_US ? json_deep_copy(r->keys) : NULL;
    pthread_mutex_unlock(&k->lock);
    return keys;
}
