/* made_word.h - a platform's word (LTI 1.3), signed once with a key that was thrown away: what it says is good from
 * WORD_FROM_S on, for a while. */
#ifndef MADE_WORD_H
#define MADE_WORD_H

enum { WORD_FROM_S = 1800000000, WORD_UNTIL_S = 1800000300 };
#define WORD_NONCE "0123456789abcdef0123456789abcdef"

static const char word_keys[] =
    "{\"keys\": [{\"kty\": \"RSA\", \"kid\": \"k1\", \"e\": \"AQAB\", \"n\": \""
    "vCVl4TpfBKtwo5MwJeZS9OtwUjMSiMXD1rTKNoshuKZWieuyYEhhhDCXMsg5Wn3U3d7QyQIecZVR1aYBTc7wGY4P"
    "WlM8bdJOxul4KzNTb9VCxJ0GXZfqN0SSMgrMZRtftQSjR8ZlvTdwCbk6llbn-EGjFyHRueXaIWI0axrNpLpZAt3Q"
    "HW5X_NwzDJEmqGMcRLOoSv8cUMjJg6DdxRx36TF-AIt0vpwvGP_ti_3C12UQhAkFk_LL_ZHQshlUg0eNVJAPvMZU"
    "zQL7P3_C3y5kB9Kux4r6fkcxWimeEJsxZX8hKKjLq9lNjabScDVzwzotsZA6Ed_jTkfmH3J0ioF7Rw"
    "\"}]}";

/* its claims: issuer https://lms.example, client tool-17, deployment 1 */
static const char word[] =
    "eyJhbGciOiAiUlMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAiazEifQ.eyJpc3MiOiAiaHR0cHM6Ly9sbXMuZ"
    "XhhbXBsZSIsICJhdWQiOiAidG9vbC0xNyIsICJpYXQiOiAxODAwMDAwMDAwLCAiZXhwIjogMTgwMDAwMDMwMCwgI"
    "m5vbmNlIjogIjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIiwgImh0dHBzOi8vcHVybC5pbXNnbG9iY"
    "Wwub3JnL3NwZWMvbHRpL2NsYWltL2RlcGxveW1lbnRfaWQiOiAiMSIsICJodHRwczovL3B1cmwuaW1zZ2xvYmFsL"
    "m9yZy9zcGVjL2x0aS9jbGFpbS9tZXNzYWdlX3R5cGUiOiAiTHRpUmVzb3VyY2VMaW5rUmVxdWVzdCIsICJodHRwc"
    "zovL3B1cmwuaW1zZ2xvYmFsLm9yZy9zcGVjL2x0aS9jbGFpbS92ZXJzaW9uIjogIjEuMy4wIn0.Ht5TzkMBaCJoc"
    "k_zH3GnrPtH1bETldWX1Y3fVAtz7421X-I7Y2jg7DlT_JDQp2jUR7m2D3lIhavywVtNX6SMHgh1czPzZ7tRk_Hih"
    "CoFd9ZTpy21oaeP-lYYngx79jB7_PO95nNpnFgonbJRvzHSLHIrbqqJ0wx1153uUKngyvdv-1aQtjeZPLq-zf5IB"
    "ICQlkS1Eu5xO2w2x5qllO1t7NOsNC1efSVECT4vxXRiaopH5ccEIW1NordYJxJwU34CpqnGVlHCStu36UvOHQGzk"
    "i2hlbhVtK10SziDWcnMQPZeqafnT7RFweCs5qjHaUhIja-SDBDqiDb4XnuWl_gKtA";

#endif
