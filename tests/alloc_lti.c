/* Platforms, keys and words with each of our allocations failing in turn: an error, or nobody is let in. */
#include "lti/id_token.h"
#include "lti/keyring.h"
#include "made_word.h"
#include "temp_folder.h"
#include "wrap_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* 1: the word was taken. */
static int judge(const at_platforms *p, attune_error *err)
{
    at_keyring *k;
    json_t *keys;
    const char *why;
    int rc = at_keyring_open(&k, p, (at_worry){0}, 1, err);
    if (rc < 0)
        return rc;
    keys = at_keyring_get(k, p->platform, 1);
    why = at_id_token_judge(word, p->platform, keys, WORD_NONCE, WORD_FROM_S);
    json_decref(keys);
    at_keyring_free(&k);
    return why == NULL;
}

static void lti_survives(void **state)
{
    int failures = 0;
    (void)state;
    const char *file = put_text(
        "p.json",
        "{\"platforms\": [{\"issuer\": \"https://lms.example\", \"client_id\": \"tool-17\", "
        "\"login\": \"https://lms.example/auth\", \"keys\": \"k.json\", \"deployments\": "
        "[\"1\"]}]}");
    put_text("k.json", word_keys);
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        attune_error err = {0};
        at_platforms p;
        wrap_alloc_fail_at(n);
        int rc = at_platforms_read(&p, file, &err);
        int taken = rc < 0 ? rc : judge(&p, &err);
        wrap_alloc_off();
        if (rc == ATTUNE_OK)
            at_platforms_free(&p);
        assert_true(taken == 1 || wrap_alloc_failed());
        assert_true(taken >= 0 || err.status == ATTUNE_E_NOMEM);
        failures += taken != 1;
    }
    assert_true(failures >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lti_survives)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
