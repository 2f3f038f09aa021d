/* What a chat message says, rule by rule; text that nobody would write; and words that hold for any text: ranges, places,
 * the same answer each time. tests/golden_text.py has the figures. */
#include "one_thread_case.h"
#include "text/chat.h"

#include "base/rng.h"
#include "text/chars.h"
#include "text/lexicon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

enum { LONG = 10 << 20 };

static at_text_answer read_text(const char *text)
{
    at_text_answer a;

    at_text_read(&a, text, strlen(text));
    return a;
}

/* "nothing", "unknown" or the class. */
static const char *judged(const char *text)
{
    const at_text_answer a = read_text(text);

    return a.told == AT_TEXT_SAYS      ? at_text_class_name(a.likeliest)
           : a.told == AT_TEXT_NOTHING ? "nothing"
                                       : "unknown";
}

static float says(const char *text, int class_of)
{
    return read_text(text).says[class_of];
}

enum {
    CONFUSION = ATTUNE_EMOTIONS + ATTUNE_CONFUSION,
    FRUSTRATION = ATTUNE_EMOTIONS + ATTUNE_FRUSTRATION
};

static void classes_are_emotions_then_states(void **state)
{
    (void)state;
    for (int c = 0; c < AT_TEXT_CLASSES; c++)
        assert_string_equal(at_text_class_name(c), c < ATTUNE_EMOTIONS
                                                       ? attune_emotion_names[c]
                                                       : attune_state_names[c - ATTUNE_EMOTIONS]);
    assert_string_equal(judged("I'm confused"), "confusion");
    assert_string_equal(judged("ich bin so froh"), "happy");
}

static void most_messages_say_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "42",
                                        "which page are we on?",
                                        "see you tomorrow",
                                        "ok",
                                        "(a+b)^2",
                                        "Auf welcher Seite sind wir?",
                                        "   \n\n ",
                                        "?",
                                        "the answer is 12"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(judged(texts[i]), "nothing");
    assert_string_equal(judged("I'm fine"), "neutral"); /* which is not the same */
}

static void what_is_denied_is_not_said(void **state)
{
    (void)state;
    const at_text_answer a = read_text("I'm not scared of it");

    assert_int_equal(a.told, AT_TEXT_NOTHING);
    assert_true(a.denied[ATTUNE_FEARFUL] > 0.5f);
    assert_true(a.cues == 1 && a.cue[0].denied && a.cue[0].class_of == ATTUNE_FEARFUL);
    assert_string_equal(judged("I do not think that this is boring"), "nothing");
    assert_string_equal(judged("ich bin nicht traurig"), "nothing");
    assert_string_equal(judged("not now, I'm angry"), "angry"); /* of another clause */
    assert_string_equal(judged("I don't get it"), "confusion"); /* a phrase's own "not" */
}

static void manner_strengthens_and_weakens(void **state)
{
    (void)state;
    const float plain = says("I am worried", ATTUNE_FEARFUL);

    assert_true(plain > 0.5f && plain < 1);
    assert_true(says("I am extremely worried", ATTUNE_FEARFUL) > plain);
    assert_true(says("I am WORRIED", ATTUNE_FEARFUL) > plain);
    assert_true(says("I am worried!", ATTUNE_FEARFUL) > plain);
    assert_true(says("I am worriedddd", ATTUNE_FEARFUL) > plain);
    assert_true(says("I am slightly worried", ATTUNE_FEARFUL) < plain);
    assert_true(says("I am worried. I am nervous", ATTUNE_FEARFUL) > plain);
    assert_string_equal(judged("sooooo boringgg"), "boredom");
    assert_string_equal(judged("I still just don't really get it"), "confusion"); /* fillers */
}

static void it_is_its_writers(void **state)
{
    (void)state;
    assert_string_equal(judged("I am so angry"), "angry");
    assert_string_equal(judged("she is so angry"), "nothing");
    assert_string_equal(judged("are you angry?"), "nothing");
    assert_string_equal(judged("you don't get it"), "nothing");
    assert_string_equal(judged("this lecture is boring"), "boredom");
    assert_string_equal(judged("boring"), "boredom");
    assert_string_equal(judged("the boring machine"), "nothing");
    assert_string_equal(judged("the faces were angry, sad or neutral"), "nothing");
    assert_string_equal(judged("I read of an angry king"), "nothing");
    assert_string_equal(judged("if I am scared I sing"), "nothing");
    assert_string_equal(judged("when is a child scared"), "nothing");
    assert_string_equal(judged("happy birthday"), "nothing");
    assert_string_equal(judged("that makes sense"), "engagement");
    assert_string_equal(
        judged("the second reading of this line makes sense to most critics of the novel"),
        "nothing");
    assert_string_equal(
        judged("it is well known in the town that the old machine of the printer won't work"),
        "nothing");
    assert_string_equal(judged("is this boring?"), "nothing");
    assert_string_equal(judged("I read that voters were frustrated"), "nothing");
    assert_string_equal(judged("in this model agents get bored"), "nothing");
}

static void what_is_shown_is_not_said(void **state)
{
    (void)state;
    assert_string_equal(judged("he wrote \"I am so angry\" there"), "nothing");
    assert_string_equal(judged("what is \u201cI am sad\u201d in the past"), "nothing");
    assert_string_equal(judged("the answer is `I am sad`"), "nothing");
    assert_string_equal(judged("> I am sad\nwhat is the verb"), "nothing");
    assert_string_equal(judged("https://example.org/i-am-sad"), "nothing");
    assert_string_equal(judged("the link is www.i-am.sad"), "nothing");
    assert_string_equal(judged("and then sad() is called"), "nothing");
    assert_string_equal(judged("set i_am_sad to 1"), "nothing");
    assert_string_equal(judged("5 \" I am sad"), "sad"); /* no quotation: nothing closes it */
}

static void what_comes_after_but_counts_more(void **state)
{
    (void)state;
    assert_string_equal(judged("I was confused but now it makes sense"), "engagement");
    assert_string_equal(judged("I'm happy, but I'm lost"), "confusion");
    assert_string_equal(judged("I'm lost but the link works"), "confusion");
}

static void marks_have_a_meaning(void **state)
{
    (void)state;
    static const struct {
        const char *text, *class_of;
    } marks[] = {{":)", "happy"},
                 {":-(", "sad"},
                 {"\U0001f621", "angry"},
                 {"\U0001f62e", "surprised"},
                 {"\U0001f922", "disgusted"},
                 {"\U0001f971", "boredom"},
                 {"\U0001f914", "confusion"},
                 {"ok :(((", "sad"},
                 {"???", "confusion"},
                 {"\u263a\ufe0f", "happy"},
                 {"xD", "happy"}};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        assert_string_equal(judged(marks[i].text), marks[i].class_of);
    assert_string_equal(judged("see chapter 3 (page 4:( then"), "nothing"); /* stands not apart */
    assert_string_equal(judged("the file is here :)"), "nothing");          /* a courtesy */
    assert_true(says(":( :( :(", ATTUNE_SAD) == says(":(", ATTUNE_SAD));
    assert_true(says(":( \U0001f622", ATTUNE_SAD) > says(":(", ATTUNE_SAD));
}

static void other_languages_cannot_be_told(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "no entiendo nada \U0001f621",
        "je suis triste",
        "ik ben zo blij",
        "nie rozumiem",
        "\u044f \u043d\u0435 \u043f\u043e\u043d\u0438\u043c\u0430\u044e",
        "\uc774\ud574\uac00 \uc548 \ub3fc\uc694",
        "\u12a0\u120d\u1308\u1263\u129d\u121d",
        "tr\u00e8s int\u00e9ressant",
        "tre\u0300s inte\u0301ressant",
        "asdfghjkl",
        "in die man was"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const at_text_answer a = read_text(texts[i]);
        assert_int_equal(a.told, AT_TEXT_CANNOT_TELL);
        assert_true(a.cues == 0 && a.likeliest == -1 && !*a.language && a.says[ATTUNE_ANGRY] == 0);
    }
    assert_string_equal(read_text("I don't know").language, "en");
    assert_string_equal(read_text("wei\u00df ich nicht").language, "de");
    assert_string_equal(read_text(":)").language, "");
}

static void spelling_is_forgiven(void **state)
{
    (void)state;
    static const struct {
        const char *text, *class_of;
    } spelt[] = {
        {"I DON\u2019T GET IT", "confusion"},
        {"i dont get it", "confusion"},
        {"I do not get it", "confusion"},
        {"yayyyyy", "happy"},
        {"boooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooring", "boredom"},
        {"hmmmmm?", "confusion"},
        {"\uff49\uff4d \uff42\uff4f\uff52\uff45\uff44", "boredom"}, /* wide letters */
        {"ich bin w\u00fctend", "angry"},
        {"ich bin wu\u0308tend", "angry"},
        {"ich bin wuetend", "angry"},
        {"i am s\u200ba\u200bd", "sad"},                 /* what is not seen between letters */
        {"i am s\u0430d today", "unknown"},              /* a Cyrillic letter: another word */
        {"i am s\u0336a\u0336d\u0336 today", "unknown"}, /* struck out */
    };

    for (size_t i = 0; i < sizeof spelt / sizeof *spelt; i++)
        assert_string_equal(judged(spelt[i].text), spelt[i].class_of);
}

static void cues_are_the_words(void **state)
{
    (void)state;
    static const char text[] = "\u00fcber 3: I'm so sad, and \U0001f621";
    const at_text_answer a = read_text(text);

    assert_int_equal(a.cues, 2);
    assert_memory_equal(text + a.cue[0].at, "I'm so sad", (size_t)a.cue[0].bytes);
    assert_int_equal(a.cue[0].bytes, 10);
    assert_string_equal(text + a.cue[1].at, "\U0001f621");
    assert_int_equal(a.cue[1].class_of, ATTUNE_ANGRY);
    assert_true(a.cue[0].weight == a.says[ATTUNE_SAD]);
}

/* Of many the heaviest are kept, in order. */
static void cues_are_the_heaviest(void **state)
{
    (void)state;
    const at_text_answer a = read_text("hm :( :) :( :) :( :) :( :) :( :) I'm so angry");

    assert_int_equal(a.cues, AT_TEXT_CUES);
    assert_int_equal(a.cue[AT_TEXT_CUES - 1].class_of, ATTUNE_ANGRY);
    for (int i = 1; i < a.cues; i++)
        assert_true(a.cue[i].at > a.cue[i - 1].at);
    for (int i = 0; i < AT_TEXT_CUES - 1; i++) /* of what weighs the same the first */
        assert_int_equal(a.cue[i].class_of, i == 1 || i == 3 ? ATTUNE_HAPPY : ATTUNE_SAD);
}

static void embedding_has_all_of_it(void **state)
{
    (void)state;
    float x[AT_TEXT_DIMS];
    at_text_answer a = read_text("I'm SO sad!! I'm not angry?");

    at_text_embed(&a, x);
    for (int c = 0; c < AT_TEXT_CLASSES; c++) {
        assert_true(x[c] == a.says[c]);
        assert_true(x[AT_TEXT_CLASSES + c] == a.denied[c]);
    }
    assert_true(x[ATTUNE_SAD] > 0.5f && x[AT_TEXT_CLASSES + ATTUNE_ANGRY] > 0.5f);
    const float *manner = x + 2 * AT_TEXT_CLASSES;
    const float expected[] = {1, 0, a.known, 1 / 3.f, 2 / 3.f, 1 / 6.f, 0, 0, 1, 6 / 32.f};
    assert_memory_equal(manner, expected, sizeof expected);
    a = read_text("nie rozumiem :)");
    at_text_embed(&a, x);
    assert_true(manner[0] == 0 && manner[1] == 1 && manner[7] == 1 / 3.f);
}

static void no_bytes_are_read_beyond(void **state)
{
    (void)state;
    at_text_answer a;
    static const char *const cuts[] = {"I am sad :", "\xf0\x9f\x98", "I'",  "http:", "\"",
                                       "-",          "\xe2\x80",     "\xc3"};

    at_text_read(&a, NULL, 0);
    assert_int_equal(a.told, AT_TEXT_NOTHING);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        const size_t n = strlen(cuts[i]);
        char *exact = malloc(n); /* the sanitizer sees a byte too many */
        memcpy(exact, cuts[i], n);
        at_text_read(&a, exact, n);
        assert_false(a.cut);
        free(exact);
    }
    at_text_read(&a, "I am s\0ad", 9);
    assert_int_not_equal(a.told, AT_TEXT_SAYS);
    at_text_read(&a, "\0I am sad", 9);
    assert_string_equal(at_text_class_name(a.likeliest), "sad");
}

static void characters_are_rfc_3629s(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "\x80",         "\xc0\xaf",         "\xc1\xbf",         "\xe0\x80\xaf",
        "\xed\xa0\x80", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff",         "\xe2\x28\xa1"};

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const at_char c = at_char_read(broken[i], strlen(broken[i]));
        assert_int_equal(c.bytes, 1);
        assert_int_equal(c.kind, AT_CHAR_SPACE);
    }
    assert_int_equal(at_char_read("\xf4\x8f\xbf\xbf", 4).bytes, 4);
    assert_int_equal(at_char_read("\xed\x9f\xbf", 3).bytes, 3);
    assert_string_equal(at_char_read("\u1e9e", 3).plain, "ss");
    assert_int_equal(at_char_read("\u200d", 3).kind, AT_CHAR_UNSEEN);
    assert_int_equal(at_char_read("\u202e", 3).kind, AT_CHAR_UNSEEN);
    assert_int_equal(at_char_read("\u0308", 2).kind, AT_CHAR_UNSEEN);
    assert_int_equal(at_char_read("\u0301", 2).kind, AT_CHAR_LETTER);
    assert_int_equal(at_char_read("\u20ac", 3).kind, AT_CHAR_SIGN);
}

/* Whatever comes: ranges hold, cues lie apart and in order, and the answer is the same again. */
static void check(const char *text, size_t n)
{
    at_text_answer a, again;
    float x[AT_TEXT_DIMS];
    int end = 0;

    memset(&a, 0x55, sizeof a);
    memset(&again, 0xaa, sizeof again);
    at_text_read(&a, text, n);
    at_text_read(&again, text, n);
    at_text_embed(&a, x);
    for (int i = 0; i < AT_TEXT_DIMS; i++)
        assert_true(x[i] >= 0 && x[i] <= 1);
    assert_true(a.told == again.told && a.likeliest == again.likeliest && a.cues == again.cues);
    assert_memory_equal(a.says, again.says, sizeof a.says);
    assert_true((a.likeliest >= 0) == (a.told == AT_TEXT_SAYS));
    assert_true(a.cues >= 0 && a.cues <= AT_TEXT_CUES);
    for (int i = 0; i < a.cues; i++) {
        assert_true(a.cue[i].at >= end && a.cue[i].bytes > 0 && a.cue[i].weight > 0);
        end = a.cue[i].at + a.cue[i].bytes;
    }
    assert_true((size_t)end <= n);
}

static void any_bytes_will_do(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "I ",     "am ",        "not ", "sad",      "so ",    "?",        "!",
        ":)",     "\"",         "`",    "'",        "\u2019", "\u0308",   "\u202e",
        "\u200d", "\U0001f621", "\xff", "\xf0\x9f", "\0",     "\n> ",     "www.",
        "://",    "but ",       ", ",   ".",        "get it", "aaaaaaaa", "\u00df",
        "\u3042", "(",          "_",    "7",        "don't "};
    char text[6000];
    at_rng rng;

    at_rng_seed(&rng, 1, 0);
    for (int round = 0; round < 3000; round++) {
        size_t n = 0;
        const size_t most = round % 50 ? 200 : sizeof text - 16;
        while (n < most) {
            const char *part = parts[at_rng_below(&rng, sizeof parts / sizeof *parts)];
            const size_t bytes = *part ? strlen(part) : 1;
            memcpy(text + n, part, bytes);
            n += bytes;
        }
        check(text, n);
    }
}

/* Of ten megabytes of what each rule looks at most none is looked at behind AT_TEXT_MOST: there is a wall. */
static void long_lines_are_cut(void **state)
{
    (void)state;
    static const char *const parts[] = {"a",          "I am sad ", "i ",       "\" ",  "`x",
                                        "\u0308",     "x\u0308",   "?",        "!?",   ":)",
                                        "\U0001f621", "dont ",     "this is ", "n't ", "://",
                                        "so very ",   ",",         "\xff",     "\xe2", "ssss"};
    char *map = mmap(NULL, LONG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t pages = (AT_TEXT_MOST + page - 1) / page * page;
    char *text = map + pages - AT_TEXT_MOST;

    assert_true(map != MAP_FAILED);
    assert_int_equal(mprotect(map, pages, PROT_READ | PROT_WRITE), 0);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t bytes = strlen(parts[i]);
        at_text_answer a;
        for (size_t at = 0; at < AT_TEXT_MOST; at++)
            text[at] = parts[i][at % bytes];
        at_text_read(&a, text, LONG - pages);
        assert_true(a.cut);
        check(text, LONG - pages);
    }
    munmap(map, LONG);
}

static void what_is_looked_at_is_looked_at_whole(void **state)
{
    (void)state;
    enum { PIECES = 1024 };
    char *words = malloc(AT_TEXT_MOST);
    assert_non_null(words);
    memset(words, ' ', AT_TEXT_MOST);
    memcpy(words + AT_TEXT_MOST - 8, "I am sad", 8);
    at_text_answer a;
    at_text_read(&a, words, AT_TEXT_MOST);
    assert_true(!a.cut && a.likeliest == ATTUNE_SAD);
    for (int i = 0; i < PIECES + 1; i++)
        memcpy(words + 2 * i, "a ", 2);
    at_text_read(&a, words, 2 * PIECES);
    assert_false(a.cut);
    at_text_read(&a, words, 2 * PIECES + 2);
    assert_true(a.cut);
    free(words);
}

static void *read_often(void *answer)
{
    for (int i = 0; i < 200; i++)
        at_text_read(answer, "I was happy but this keeps crashing, ugh!!", 42);
    return NULL;
}

static void threads_do_not_meet(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    at_text_answer answer[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_often, &answer[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(answer[i].likeliest, FRUSTRATION);
        assert_memory_equal(answer[i].says, answer[0].says, sizeof answer[0].says);
    }
}

/* What lexicon.py makes holds what lexicon.c looks for. */
static void tables_are_in_order(void **state)
{
    (void)state;
    assert_true(at_lexicons_count == 2 && at_lexicon_marks_count > 50);
    for (int k = 0; k < at_lexicons_count; k++) {
        const at_lexicon *l = &at_lexicons[k];
        for (int i = 1; i < l->words; i++)
            assert_true(strcmp(l->word[i - 1].text, l->word[i].text) < 0);
        for (int i = 0; i < l->phrases; i++) {
            const at_lexicon_phrase *p = &l->phrase[i];
            assert_true(p->class_of >= AT_SAYS_NOTHING && p->class_of < AT_TEXT_CLASSES &&
                        p->words > 0);
            assert_true(p->kind <= AT_PHRASE_ALONE && p->weight <= AT_PER_MILLE);
            assert_true(i == 0 || l->phrase_word[p->first] >= l->phrase_word[p[-1].first]);
        }
    }
    for (int i = 1; i < at_lexicon_others_count; i++)
        assert_true(strcmp(at_lexicon_others[i - 1], at_lexicon_others[i]) < 0);
    for (int i = 0; i < at_lexicon_marks_count; i++) {
        const char *mark = at_lexicon_marks[i].text;
        assert_int_equal(at_lexicon_mark_at(mark, strlen(mark)), i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(classes_are_emotions_then_states),
        one_thread_case(most_messages_say_nothing),
        one_thread_case(what_is_denied_is_not_said),
        one_thread_case(manner_strengthens_and_weakens),
        one_thread_case(it_is_its_writers),
        one_thread_case(what_is_shown_is_not_said),
        one_thread_case(what_comes_after_but_counts_more),
        one_thread_case(marks_have_a_meaning),
        one_thread_case(other_languages_cannot_be_told),
        one_thread_case(spelling_is_forgiven),
        one_thread_case(cues_are_the_words),
        one_thread_case(cues_are_the_heaviest),
        one_thread_case(embedding_has_all_of_it),
        one_thread_case(no_bytes_are_read_beyond),
        one_thread_case(characters_are_rfc_3629s),
        one_thread_case(any_bytes_will_do),
        one_thread_case(long_lines_are_cut),
        one_thread_case(what_is_looked_at_is_looked_at_whole),
        cmocka_unit_test(threads_do_not_meet),
        one_thread_case(tables_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
