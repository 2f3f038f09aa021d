/* What the lexicon makes of each line of stdin: told, language, likeliest class and how far, and the words that it rests on,
 * with tabs between. */
#include "text/chat.h"

#include <stdio.h>
#include <stdlib.h>

static void print_answer(const at_text_answer *a, const char *line)
{
    static const char *const told[] = {"nothing", "says", "unknown"};

    printf("%s\t%s\t%s\t%.3f\t", told[a->told], a->language,
           a->likeliest < 0 ? "" : at_text_class_name(a->likeliest),
           a->likeliest < 0 ? 0 : (double)a->says[a->likeliest]);
    for (int i = 0; i < a->cues; i++)
        printf("%s%s %.2f%s '%.*s'", i ? ", " : "", at_text_class_name(a->cue[i].class_of),
               (double)a->cue[i].weight, a->cue[i].denied ? " denied" : "", a->cue[i].bytes,
               line + a->cue[i].at);
    putchar('\n');
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n;

    while ((n = getline(&line, &size, stdin)) >= 0) {
        at_text_answer a;
        at_text_read(&a, line, (size_t)(n - (n && line[n - 1] == '\n')));
        print_answer(&a, line);
    }
    free(line);
    return 0;
}
