#include <attune/store.h>

/* docs/store.md has the same words. Another text is another ATTUNE_CONSENT_VERSION. */
static const char text[] =
    "Keep this session?\n"
    "What is kept: the estimates, twice a second, with how far each can be trusted and how good the "
    "picture and the sound were; where a signal or a chat was recorded beside them, figures of it; "
    "which model made them; when this was, and that you agreed.\n"
    "What is not: no picture, no sound, no message's words, nothing that a face or a voice could be "
    "told by, and no name unless you give one.\n"
    "Where: in one file on this computer, readable by your account only. Nothing is sent anywhere.\n"
    "How long: until you delete it, or for as many days as the file is set to.\n"
    "How to delete it: on the page of past sessions, or with attune sessions delete. You can change "
    "your mind at any time, also during the session.\n";

const char *attune_consent_text(void)
{
    return text;
}
