/* made_word.h - a platform's word (LTI 1.3), signed once with a key that was thrown away: what it says is good from
 * WORD_FROM_S on, for a while. */
#ifndef MADE_WORD_H
#define MADE_WORD_H

enum { WORD_FROM_S = 1800000000, WORD_UNTIL_S = 1800000300 };
#define WORD_NONCE "0123456789abcdef0123456789abcdef"

static const char word_keys[] =
    "{\"keys\": [{\"kty\": \"RSA\", \"kid\": \"k1\", \"e\": \"AQAB\", \"n\": \""
    "rxETW37Ljxqcrs-xMLoHgWm7tASbsay_uFaCnzwHcfO3Fxtb9Icp_4MWAHlboh49BfCVb-QqYpko6BZEpryUyepc"
    "Oxq6Ebz8_qkkBSHtzs6PaYsUV0tGytJrNbPQfHSF2a6mbg_kah_ZxanUeB0gQd-p635t6nWZj7vHRqP23lVhUcM-"
    "23Ed6HkipS3ZnsaZH_yjYLhpOXi_2RSihEApVvSITlykoPAse7cNeY-q0Y8KWWWqGxKrn27MaCDFADQDl1q5DhTS"
    "uQKhRo5YZoWphOfCuEgAilDjHzaHTIolxXXV_pdjG-9uUaqpAdugAHSzSd7YEtYJWEwJAkO9PkbzEQ"
    "\"}]}";

/* its claims: issuer https://lms.example, client tool-17, deployment 1 */
static const char word[] =
    "eyJhbGciOiAiUlMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAiazEifQ.eyJpc3MiOiAiaHR0cHM6Ly9sbXMuZ"
    "XhhbXBsZSIsICJhdWQiOiAidG9vbC0xNyIsICJzdWIiOiAiYSIsICJpYXQiOiAxODAwMDAwMDAwLCAiZXhwIjogM"
    "TgwMDAwMDMwMCwgIm5vbmNlIjogIjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIiwgImh0dHBzOi8vc"
    "HVybC5pbXNnbG9iYWwub3JnL3NwZWMvbHRpL2NsYWltL2RlcGxveW1lbnRfaWQiOiAiMSIsICJodHRwczovL3B1c"
    "mwuaW1zZ2xvYmFsLm9yZy9zcGVjL2x0aS9jbGFpbS9tZXNzYWdlX3R5cGUiOiAiTHRpUmVzb3VyY2VMaW5rUmVxd"
    "WVzdCIsICJodHRwczovL3B1cmwuaW1zZ2xvYmFsLm9yZy9zcGVjL2x0aS9jbGFpbS92ZXJzaW9uIjogIjEuMy4wI"
    "iwgImh0dHBzOi8vcHVybC5pbXNnbG9iYWwub3JnL3NwZWMvbHRpL2NsYWltL3JvbGVzIjogW10sICJodHRwczovL"
    "3B1cmwuaW1zZ2xvYmFsLm9yZy9zcGVjL2x0aS9jbGFpbS9yZXNvdXJjZV9saW5rIjogeyJpZCI6ICJyIn0sICJod"
    "HRwczovL3B1cmwuaW1zZ2xvYmFsLm9yZy9zcGVjL2x0aS9jbGFpbS90YXJnZXRfbGlua191cmkiOiAiaHR0cHM6L"
    "y9hdHR1bmUuZXhhbXBsZS8ifQ.dm4mIBJQvVaXlnyPuuFLqBrqZ97XBwOCKaO79XSYF65bVyWimyE0pvylR7HdJz"
    "J1kSEWphCrvMRqkjl8W69z4NNk8okxeUzAzVdzDILBrBpGdfVO3010m9QBF8ZAucy07IlBqxHtsDO0u8mQc1H4pU"
    "eUEc3aTu9vtjDVOgbGNv9NYB4BBVoYFIooNBaOGO4tGYn28Lnv9uPOHvPxlL9V4Uenq8NX9NszFo4J7zxfZvoWES"
    "a3Z_8lfmq9LNgjFpNkpm6UgSm2CMbRP7Hd4NWLzQDGrh_UWYboDaxOiYQVTf9camDvUaFlZqCDu4QD40jCNH1QkO"
    "q9s-LuEnycOv7-VQ";

#endif
