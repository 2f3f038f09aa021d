#include "signal/log_name.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A word for each character from the first on, blanks between; "-": it is no letter; "'": one
 * without a sound. */
typedef struct script {
    uint32_t first, last;
    const char *words;
} script;

/* clang-format off */
static const script scripts[] = {
    {0xC0, 0x17F,
    "A A A A Ae Aa Ae C E E E E I I I I D N O O O O Oe x Oe U U U Ue Y Th ss a a a a ae aa "
    "ae c e e e e i i i i d n o o o o oe - oe u u u ue y th y A a A a A a C c C c C c C c D "
    "d D d E e E e E e E e E e G g G g G g G g H h H h I i I i I i I i I i IJ ij J j K k k L "
    "l L l L l L l L l N n N n N n n Ng ng O o O o O o Oe oe R r R r R r S s S s S s S s T t "
    "T t T t U u U u U u U u U u U u W w Y y Y Z z Z z Z z s"},
    {0x386, 0x3CE,
    "A - E I I - O - Y O i A B G D E Z I Th I K L M N X O P R - S T Y F Ch Ps O I Y a e i i "
    "y a b g d e z i th i k l u n x o p r s s t y f ch ps o i y o y o"},
    {0x400, 0x45F,
    "E Yo Dj Gj Ye Dz I Yi J Lj Nj C Kj I U Dz A B V G D E Zh Z I Y K L M N O P R S T U F Kh "
    "Ts Ch Sh Shch ' Y ' E Yu Ya a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch "
    "' y ' e yu ya e yo dj gj ye dz i yi j lj nj c kj i u dz"},
};
/* clang-format on */

/* Letters and figures that are part of no script above: units, mostly. */
static const script signs[] = {{0xAA, 0xAA, "a"},        {0xB0, 0xB0, "deg"},
                               {0xB2, 0xB3, "2 3"},      {0xB5, 0xB5, "u"},
                               {0xB9, 0xB9, "1"},        {0x2080, 0x2089, "0 1 2 3 4 5 6 7 8 9"},
                               {0x2103, 0x2103, "degC"}, {0x2126, 0x2126, "Ohm"}};

static int is_plain(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
}

/* Accents that stand behind their letter. */
static int is_accent(uint32_t c)
{
    return c >= 0x300 && c <= 0x36F;
}

static const char *find_in(const script *list, size_t lists, uint32_t c, size_t *n)
{
    for (size_t i = 0; i < lists; i++)
        if (c >= list[i].first && c <= list[i].last) {
            const char *word = list[i].words;
            for (uint32_t k = list[i].first; k < c; k++)
                word = strchr(word, ' ') + 1;
            *n = *word == '\'' ? 0 : strcspn(word, " ");
            return *word == '-' ? NULL : word;
        }
    return NULL;
}

/* Bytes that are no UTF-8 are taken for Latin-1. */
static size_t read_char(const char *utf8, uint32_t *c)
{
    const size_t bytes = at_utf8_read(utf8, AT_UTF8_MOST, c);

    if (!bytes)
        *c = (unsigned char)*utf8;
    return bytes ? bytes : 1;
}

/* ASCII's letters for the character c at utf8; NULL: it is none. */
static const char *letters(const char *utf8, uint32_t c, size_t *n)
{
    const char *word;

    *n = 1;
    if (is_plain(c))
        return utf8;
    word = find_in(signs, sizeof signs / sizeof *signs, c, n);
    return word ? word : find_in(scripts, sizeof scripts / sizeof *scripts, c, n);
}

void at_log_name(char out[ATTUNE_SIGNAL_BYTES], const char *utf8, int number)
{
    size_t n = 0, bytes, more;
    uint32_t c;
    int gap = 0;

    for (; *utf8; utf8 += bytes) {
        const char *word;
        bytes = read_char(utf8, &c);
        word = letters(utf8, c, &more);
        if (!word) {
            gap |= n > 0 && !is_accent(c);
            continue;
        }
        if (n + (size_t)gap + more >= ATTUNE_SIGNAL_BYTES)
            break;
        if (gap)
            out[n++] = '_';
        gap = 0;
        memcpy(out + n, word, more);
        n += more;
    }
    out[n] = 0;
    if (!n)
        snprintf(out, ATTUNE_SIGNAL_BYTES, "column_%d", number);
}

void at_log_name_number(char out[ATTUNE_SIGNAL_BYTES], const char *name, int number)
{
    char tail[16];
    const int n = snprintf(tail, sizeof tail, "_%d", number);

    snprintf(out, ATTUNE_SIGNAL_BYTES, "%.*s%s", ATTUNE_SIGNAL_BYTES - 1 - n, name, tail);
}
