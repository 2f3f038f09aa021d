#include <attune/xapi.h>

/* docs/xapi.md has the same words. Another text is another ATTUNE_XAPI_TEXT_VERSION. */
static const char text[] =
    "Send summaries of your sessions to this store?\n"
    "What is sent: of each session that you name to attune send, one statement: when it ended, how long "
    "it was, how much of it was withheld, which model judged it, and what you chose of: how a face and a "
    "voice would have seemed to an onlooker, as shares of the time, and learning states, as mean levels, "
    "both with their uncertainty.\n"
    "What is not: no picture, no sound, no moment of the session, no name, no mail address. You are a "
    "number that is made for this consent, or the account that you gave.\n"
    "Where to: the store that you name, and no other. Who runs it can read, keep and pass on what it is "
    "told, and can tell that statements are of one person; attune cannot see to that.\n"
    "How long: until the day that you set begins; nothing on that day or after it.\n"
    "How to take it back: attune consent withdraw, at any time. Nothing more is sent then, and what was "
    "sent under this consent is declared void at the store. Stores keep void statements: ask who runs it to delete them.\n"
    "You need not agree, and whoever asks you to must not make anything depend on it. In the European "
    "Union the emotions of people in education and at work must not be inferred outside medical and "
    "safety uses; this is for research under its own ethics approval, and for looking at yourself.\n";

const char *attune_xapi_text(void)
{
    return text;
}

const char *const attune_xapi_state_names[ATTUNE_XAPI_STATE_COUNT] = {"waiting", "sent", "refused",
                                                                      "conflict", "voided"};
