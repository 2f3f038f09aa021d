#include "text/lexicon.h"

#include <string.h>

/* The place of word among n in order, which text gives; -1: none. */
static int place_of(const char *word, int n, const char *(*text)(const void *, int), const void *of)
{
    int low = 0, high = n;

    while (low < high) {
        const int middle = (low + high) / 2;
        const int order = strcmp(word, text(of, middle));
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

static const char *text_of_word(const void *lexicon, int i)
{
    return ((const at_lexicon *)lexicon)->word[i].text;
}

static const char *text_of_other(const void *others, int i)
{
    return ((const char *const *)others)[i];
}

int at_lexicon_word_at(const at_lexicon *l, const char *word)
{
    return place_of(word, l->words, text_of_word, l);
}

int at_lexicon_is_others(const char *word)
{
    return place_of(word, at_lexicon_others_count, text_of_other, at_lexicon_others) >= 0;
}

int at_lexicon_prefix_at(const at_lexicon *l, const char *word)
{
    size_t longest = 0;
    int found = -1;

    for (int i = l->words; i < l->words + l->prefixes; i++) {
        const size_t length = strlen(l->word[i].text);
        if (length > longest && !strncmp(word, l->word[i].text, length)) {
            longest = length;
            found = i;
        }
    }
    return found;
}

int at_lexicon_mark_at(const char *s, size_t n)
{
    for (int i = 0; i < at_lexicon_marks_count; i++) {
        const char *mark = at_lexicon_marks[i].text;
        const size_t length = strlen(mark);
        if (*s == *mark && length <= n && !memcmp(s, mark, length))
            return i;
    }
    return -1;
}
