#include "text/lexicon.h"

#include <string.h>

int at_lexicon_word_at(const at_lexicon *l, const char *word)
{
    int low = 0, high = l->words;

    while (low < high) {
        const int middle = (low + high) / 2;
        const int order = strcmp(word, l->word[middle].text);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
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
