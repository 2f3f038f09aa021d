/* corpus_voices_more.c - a manifest of acted voices of several corpora, one of which has two labels exchanged.
 *
 * The Korean voices (emotiontts_open_db, Selvas AI 2020) go by numbers, and by the corpus's own description
 * 201 to 300 are angry and 301 to 400 sad. Its scripts say otherwise: what is spoken from 301 on scolds
 * ("how often must I tell you"), what is spoken from 201 on grieves. So do the voices: the "angry" ones are
 * darker than the "sad" ones in all 15 speakers, and lower in 14, where angry voices elsewhere are brighter and
 * higher. So the two are taken for one another.
 */
#include "data/readers.h"

#include <stdio.h>
#include <string.h>

static int exchanged(int class)
{
    const int angry = at_class_by_name(AT_HEAD_EMOTION7, "angry"),
              sad = at_class_by_name(AT_HEAD_EMOTION7, "sad");
    return class == angry ? sad : class == sad ? angry : class;
}

int at_corpus_voices_more(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    static const char prefix[] = "korean-"; /* of their speakers */
    const int status = at_corpus_manifest(out, root, split, err);
    int korean = 0;
    for (int i = 0; i < out->count && !status; i++) {
        at_sample *s = &out->list[i];
        if (strncmp(s->person, prefix, sizeof prefix - 1) != 0)
            continue;
        s->expression = exchanged(s->expression);
        korean++;
    }
    if (korean)
        snprintf(out->note, sizeof out->note,
                 "the Korean voices' labels angry and sad, which the list has exchanged, are put "
                 "right");
    return status;
}
