/* wrap_alloc.h - let the nth allocation fail, for programs of suite alloc (linked with --wrap).
 *
 * Only calls from attune's own objects and the tests are seen, not those inside libraries.
 *
 *     for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
 *         wrap_alloc_fail_at(n);
 *         int status = the_call(&out, &err);
 *         wrap_alloc_off();
 *         assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
 *         assert_null(out) or free it;
 *     }
 *
 * A leak on the way shows under AddressSanitizer, and in wrap_alloc_live().
 */
#ifndef AT_TESTS_WRAP_ALLOC_H
#define AT_TESTS_WRAP_ALLOC_H

void wrap_alloc_fail_at(int n); /* the nth from now on (0: the next) gives NULL, once */
void wrap_alloc_off(void);
int wrap_alloc_failed(void); /* 1 when it came to that since fail_at */
long wrap_alloc_live(void);  /* allocations less frees since the start, of the objects linked */

#endif
