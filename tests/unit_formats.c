/* Files as devices and platforms write them: what they are told by, and their rows. Everything in them is made up. */
#include "temp_folder.h"

#include <attune/log.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define S INT64_C(1000000)

enum { MOST = 16 };

static const char *path; /* of the latest file */

static void put(const char *name, const char *text, size_t n)
{
    path = put_bytes(name, text, n);
}

static void pack(const char *name, const char *text)
{
    gzFile f = gzopen(path = in_folder(name), "wb");

    assert_int_equal(gzputs(f, text), strlen(text));
    assert_int_equal(gzclose(f), Z_OK);
}

typedef struct taken {
    char format[64], names[96]; /* with commas between */
    int rows;
    int64_t t_us[MOST];
    float value[MOST][ATTUNE_MAX_SIGNALS];
    char text[MOST][64];
} taken;

/* What lies in the file of that name, which goes. */
static taken read_file(const char *name, const attune_log_options *o)
{
    attune_log *l;
    attune_error err = {0};
    taken x = {0};
    const char *message;
    size_t n;

    if (attune_log_open(&l, path = in_folder(name), o, &err) < 0)
        fail_msg("%s", err.text);
    snprintf(x.format, sizeof x.format, "%s", attune_log_format(l) ? attune_log_format(l) : "");
    for (const char *const *s = attune_log_signals(l); s && *s; s++)
        snprintf(x.names + strlen(x.names), sizeof x.names - strlen(x.names), "%s,", *s);
    while (attune_log_next(l, &x.t_us[x.rows], x.value[x.rows], &message, &n, NULL) == 1) {
        snprintf(x.text[x.rows], sizeof x.text[0], "%.*s", (int)n, message);
        assert_true(++x.rows < MOST);
    }
    attune_log_free(&l);
    assert_int_equal(unlink(path), 0);
    return x;
}

static taken signal_of(const char *name, const char *text)
{
    put(name, text, strlen(text));
    return read_file(name, NULL);
}

static taken chat_of(const char *text, const char *from)
{
    put("chat.csv", text, strlen(text));
    return read_file("chat.csv", &(attune_log_options){.chat = 1, .from = from});
}

/* ---- signals ------------------------------------------------------------------------------------ */

static void empatica_samples_at_a_rate(void **state)
{
    const taken hr = signal_of("HR.csv", "1777889700.000000\n0.500000\n60.00\n61.00\n\n63.5\n"),
                acc = signal_of("ACC.csv", "1777889700.5, 1777889700.5, 1777889700.5\n"
                                           "32.000000, 32.000000, 32.000000\n-1,2,64\n3,4,5\n");

    (void)state;
    assert_string_equal(hr.format, "a file of Empatica's");
    assert_string_equal(hr.names, "HR,");
    assert_int_equal(hr.rows, 3);
    assert_int_equal(hr.t_us[1], 2 * S);
    assert_int_equal(hr.t_us[2], 6 * S); /* an empty line is a sample that is lost */
    assert_float_equal(hr.value[2][0], 63.5, 0);
    assert_string_equal(acc.names, "ACC_x,ACC_y,ACC_z,");
    assert_int_equal(acc.rows, 2);
    assert_int_equal(acc.t_us[1], S / 32);
    assert_float_equal(acc.value[0][0], -1, 0);
    assert_float_equal(acc.value[1][2], 5, 0);
}

static void empatica_counts_from_1970(void **state)
{
    static const char text[] = "1777889700\n1\n60\n61\n62\n";
    taken x;

    (void)state;
    put("HR.csv", text, strlen(text));
    x = read_file("HR.csv", &(attune_log_options){.zero = "2026-05-04T10:15:01Z"});
    assert_int_equal(x.rows, 3);
    assert_int_equal(x.t_us[0], -S);
    assert_int_equal(x.t_us[2], S);
    assert_float_equal(x.value[2][0], 62, 0);
}

static void empatica_has_times_of_beats(void **state)
{
    const taken x = signal_of("IBI.csv", "1777889700.000000, IBI\n1.5,0.8125\n2.25,0.75\n");

    (void)state;
    assert_string_equal(x.format, "an IBI file of Empatica's");
    assert_string_equal(x.names, "IBI,");
    assert_int_equal(x.rows, 2);
    assert_int_equal(x.t_us[1] - x.t_us[0], 3 * S / 4);
    assert_float_equal(x.value[0][0], 0.8125, 0);
}

#define POLAR_SUMMARY "Name,Sport,Date,Start time,Duration,Notes,\n"
#define POLAR_SAMPLES                                                                          \
    "Sample rate,Time,HR (bpm),Speed (km/h),Pace (min/km),Cadence,Altitude (m),Stride length " \
    "(m),Distances (m),Temperatures (C),Power (W),\n"

static void polar_has_two_headers(void **state)
{
    static const char text[] = POLAR_SUMMARY
        "Made Up,OTHER_INDOOR,04-05-2026,10:15:00,00:00:03,\"a, b\",\n" POLAR_SAMPLES
        "1,00:00:00,85,1.5,05:30,,,,,,7,\n,00:00:02,86,,,,,,,,,\n";
    taken x = signal_of("x.csv", text);

    (void)state;
    assert_string_equal(x.format, "an export of Polar Flow's");
    assert_string_equal(x.names, "HR_bpm,Speed_km_h,Power_W,"); /* the others are empty */
    assert_int_equal(x.rows, 2);
    assert_int_equal(x.t_us[1], 2 * S);
    assert_float_equal(x.value[1][0], 86, 0);
    assert_float_equal(x.value[0][1], 1.5, 0);
    assert_float_equal(x.value[0][2], 7, 0);
    assert_true(isnan(x.value[1][1]));
    put("x.csv", text, strlen(text));
    x = read_file("x.csv",
                  &(attune_log_options){.zero = "2026-05-04T10:15:01", .columns = "hr bpm"});
    assert_int_equal(x.rows, 2);
    assert_int_equal(x.t_us[0], -S);
    assert_int_equal(x.t_us[1], S);
}

static void bids_has_its_columns_beside_it(void **state)
{
    static const char sidecar[] =
        "{\"SamplingFrequency\": 4, \"StartTime\": -0.25, \"Columns\": [\"cardiac\", \"trigger\"]}";
    taken x;

    (void)state;
    put("sub-01_physio.json", sidecar, strlen(sidecar));
    x = signal_of("sub-01_physio.tsv", "7\t0\n8\t0\nn/a\t1\n10\t0\n");
    assert_string_equal(x.format, "a recording of BIDS, by the .json beside it");
    assert_string_equal(x.names, "cardiac,trigger,");
    assert_int_equal(x.rows, 4); /* the first is before the pictures */
    assert_int_equal(x.t_us[0], -S / 4);
    assert_int_equal(x.t_us[3], S / 2);
    assert_true(isnan(x.value[2][0]));
    assert_float_equal(x.value[3][0], 10, 0);
    pack("sub-01_physio.tsv.gz", "7\t0\n8\t1\n");
    x = read_file("sub-01_physio.tsv.gz", NULL);
    assert_int_equal(x.rows, 2);
    assert_float_equal(x.value[1][1], 1, 0);
    assert_int_equal(unlink(in_folder("sub-01_physio.json")), 0);
}

static void a_sidecar_of_a_table_with_a_header_is_none(void **state)
{
    static const char sidecar[] = "{\"hr\": {\"Units\": \"bpm\"}}";
    taken x;

    (void)state;
    put("sub-01_events.json", sidecar, strlen(sidecar));
    x = signal_of("sub-01_events.tsv", "time\thr\n0\t7\n");
    assert_string_equal(x.format, "");
    assert_string_equal(x.names, "hr,");
    assert_int_equal(unlink(in_folder("sub-01_events.json")), 0);
}

static void what_gzip_packed_is_read(void **state)
{
    taken x;

    (void)state;
    pack("watch.csv", "\xef\xbb\xbftime,hr\r\n0,7\r\n1,8\r\n");
    x = read_file("watch.csv", NULL);
    assert_int_equal(x.rows, 2);
    assert_float_equal(x.value[1][0], 8, 0);
}

/* ---- chats -------------------------------------------------------------------------------------- */

static void whatsapp_of_an_iphone(void **state)
{
    static const char text[] =
        "\xe2\x80\x8e[04.05.26, 10:15:00] Study: \xe2\x80\x8eMessages and calls are end-to-end encrypted.\r\n"
        "[04.05.26, 10:15:02] Ann Example: I am: confused\r\nreally\r\n\r\nand [so] on\r\n"
        "[04.05.26, 10:15:05] Bob: \xe2\x80\x8eimage omitted\r\n"
        "\xe2\x80\x8e[04.05.26, 10:15:08] Bob: great\r\n";
    const taken all = chat_of(text, NULL), bob = chat_of(text, "bob");

    (void)state;
    assert_string_equal(all.format, "a WhatsApp export");
    assert_int_equal(all.rows, 2);
    assert_string_equal(all.text[0], "I am: confused\nreally\n\nand [so] on");
    assert_int_equal(all.t_us[1] - all.t_us[0], 6 * S);
    assert_int_equal(bob.rows, 1);
    assert_string_equal(bob.text[0], "great");
}

static void whatsapp_of_android(void **state)
{
    static const char text[] =
        "04.05.26, 10:15 - Messages are end-to-end encrypted.\nTap to learn more.\n"
        "04.05.26, 10:15 - Ann: so boring\n04.05.26, 10:16 - Ann added Bob\n"
        "04.05.26, 10:17 - Bob: <Media omitted>\n"
        "04.05.26, 10:17 - ~\xe2\x80\xaf"
        "Cleo: <Media omitted>\nof the blackboard\n04.05.26, 10:18 - Bob: <3 - yes\n";
    const taken x = chat_of(text, NULL), cleo = chat_of(text, "cleo");

    (void)state;
    assert_int_equal(x.rows, 3);
    assert_string_equal(x.text[0], "so boring");
    assert_string_equal(x.text[1], "of the blackboard");
    assert_string_equal(x.text[2], "<3 - yes");
    assert_int_equal(x.t_us[2], 180 * S);
    assert_int_equal(cleo.rows, 1);
}

static void whatsapp_of_other_places(void **state)
{
    static const char *const list[] = {
        "5/31/26, 10:15\xe2\x80\xaf"
        "AM - Ann: one\n6/1/26, 10:15\xe2\x80\xaf"
        "AM - Ann: two\n",
        "[31/05/2026, 22:15:00] Ann: one\n[01/06/2026, 22:15:00] Ann: two\n",
        "2026-05-31 10:15 - Ann: one\n2026-06-01 10:15 - Ann: two\n",
        "[31.05.26, 10:15:00 p.m.] Ann: one\n[01.06.26, 10:15:00 p.m.] Ann: two\n",
        "31/5/26, 11:15 a. m. - Ann: one\n1/6/26, 11:15 a. m. - Ann: two\n",
        "31/5/26, 12:15\xe2\x80\xafp.\xc2\xa0m. - Ann: one\n"
        "1/6/26, 12:15\xe2\x80\xafp.\xc2\xa0m. - Ann: two\n",
        "[31/5/26, 11:15:30\xc2\xa0"
        "a.\xe2\x80\xafm.] Ann: one\n"
        "[1/6/26, 11:15:30\xc2\xa0"
        "a.\xe2\x80\xafm.] Ann: two\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const taken x = chat_of(list[i], "ann");
        assert_int_equal(x.rows, 2);
        assert_int_equal(x.t_us[1], 86400 * S);
        assert_string_equal(x.text[1], "two");
    }
}

static void captions_of_webvtt(void **state)
{
    static const char text[] =
        "WEBVTT - a lesson\n\nNOTE nobody: said this\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.000 --> 00:04.000\n<v.loud Ann &amp; Co>I am <i>confused</i> &lt;now&gt;\nreally</v>\n"
        "<v Bob>why?</v>\n\n2\n00:00:05.500 --> 00:00:09.000 align:start\nso boring\n\n"
        "00:00:07.000 --> 00:00:09.000\nDr. Example: great\nBob: fine\n- Ann: no\n";
    const taken all = chat_of(text, NULL), ann = chat_of(text, "ann & co"),
                bob = chat_of(text, "bob"), dash = chat_of(text, "ann");

    (void)state;
    assert_string_equal(all.format, "a WebVTT transcript");
    assert_int_equal(all.rows, 6);
    assert_string_equal(all.text[0], "I am confused <now>\nreally");
    assert_string_equal(all.text[2], "so boring");
    assert_string_equal(all.text[3], "great");
    assert_int_equal(all.t_us[0], S);
    assert_int_equal(all.t_us[1], S);
    assert_int_equal(all.t_us[2], 11 * S / 2);
    assert_int_equal(ann.rows, 1);
    assert_int_equal(bob.rows, 2);
    assert_int_equal(bob.t_us[1], 7 * S);
    assert_int_equal(dash.rows, 1);
    assert_string_equal(dash.text[0], "no");
}

static void captions_of_srt(void **state)
{
    const taken x = chat_of("\n1\n00:00:01,250 --> 00:00:04,000\nAnn: I am confused\n\n"
                            "2\n01:00:05,500 --> 01:00:06,000\nNow, this: is a sentence\nof two\n",
                            NULL);

    (void)state;
    assert_string_equal(x.format, "an SRT transcript");
    assert_int_equal(x.rows, 2);
    assert_string_equal(x.text[0], "I am confused");
    assert_string_equal(x.text[1], "Now, this: is a sentence\nof two");
    assert_int_equal(x.t_us[0], 5 * S / 4);
    assert_int_equal(x.t_us[1], 3605 * S + S / 2);
}

static void zoom_saves_a_chat(void **state)
{
    static const char text[] =
        "10:15:01\t From  Ann to Example  to  Everyone:\n\tI am: confused\n\treally\n"
        "10:15:05 From Bob to Ann(Direct Message) : so boring\n";
    const taken all = chat_of(text, NULL), ann = chat_of(text, "ann to example"),
                bob = chat_of(text, "bob"),
                cloud =
                    chat_of("00:00:01\tAnn Example:\tconfused: yes\n00:00:05\tBob:\tso boring\n",
                            "ann example"),
                tabs = chat_of(
                    "00:00:01\tAnn\thello: you\n00:00:05\tKim\twhat?\n00:00:06\tKim\tok\n", "kim"),
                half = chat_of("1:15:01 PM From Ann to Everyone:\n\tconfused\n", "ann"),
                night = chat_of("23:59:59 From Ann to Everyone:\n\tconfused\n"
                                "00:00:01 From Ann to Everyone:\n\tboring\n",
                                NULL);

    (void)state;
    assert_int_equal(night.rows, 2);
    assert_int_equal(night.t_us[1] - night.t_us[0], 2 * S);
    assert_string_equal(half.format, "a chat that Zoom saved");
    assert_int_equal(half.t_us[0], (13 * 3600 + 15 * 60 + 1) * S);
    assert_string_equal(all.format, "a chat that Zoom saved");
    assert_int_equal(all.rows, 2);
    assert_string_equal(all.text[0], "I am: confused\nreally");
    assert_int_equal(all.t_us[0], (10 * 3600 + 15 * 60 + 1) * S);
    assert_int_equal(ann.rows, 1);
    assert_int_equal(bob.rows, 1);
    assert_string_equal(bob.text[0], "so boring");
    assert_string_equal(cloud.format, "a chat of a Zoom recording");
    assert_string_equal(tabs.format, "a chat of a Zoom recording");
    assert_int_equal(tabs.rows, 2);
    assert_string_equal(tabs.text[1], "ok");
    assert_int_equal(cloud.rows, 1);
    assert_string_equal(cloud.text[0], "confused: yes");
}

static void lines_of_json(void **state)
{
    static const char text[] = "{\"time\": 1.5, \"from\": \"Ann\", \"text\": \"a\\nb\"}\n\n"
                               "{\"timestamp\": 5, \"content\": \"c\", \"more\": [1]}\n";
    const taken all = chat_of(text, NULL), ann = chat_of(text, "Ann"),
                dated = chat_of("{\"time\": \"2026-05-04T10:15:00Z\", \"message\": \"a\"}\n"
                                "{\"time\": \"2026-05-04T10:15:02Z\", \"message\": \"b\"}\n",
                                NULL),
                ms = chat_of("{\"t\": 1777889700000, \"text\": \"a\"}\n"
                             "{\"t\": 1777889702500, \"text\": \"b\"}",
                             NULL),
                ts = chat_of("{\"user\": \"U1\", \"ts\": \"1777889700.000407\", \"text\": \"a\"}\n"
                             "{\"user\": \"U2\", \"ts\": \"1777889702.500407\", \"text\": \"b\"}",
                             NULL);

    (void)state;
    assert_string_equal(all.format, "messages in JSON");
    assert_int_equal(all.rows, 2);
    assert_string_equal(all.text[0], "a\nb");
    assert_int_equal(all.t_us[1], 5 * S);
    assert_int_equal(ann.rows, 1);
    assert_int_equal(dated.t_us[1], 2 * S);
    assert_int_equal(ms.t_us[1], 5 * S / 2);
    assert_int_equal(ts.t_us[1], 5 * S / 2);
    for (int i = 0; i < 2; i++) {
        const taken in =
            chat_of(i ? "[{\"t\": 1, \"text\": \"a }] \\\"{\"},{\"t\":2,\"text\":\"b\",\"x\":{}}]"
                      : "\n[\n  {\n    \"t\": 1,\n    \"text\": \"a }] \\\"{\"\n  },\n"
                        "  {\"t\": 2, \"text\": \"b\"}\n]\n",
                    NULL);
        assert_int_equal(in.rows, 2);
        assert_string_equal(in.text[0], "a }] \"{");
        assert_int_equal(in.t_us[1], 2 * S);
    }
}

static void messages_of_an_object_of_json(void **state)
{
    static const char text[] =
        "\n{\n \"guild\": {\"name\": \"x \\\"] }\", \"messages\": [1, {}]},\n \"n\": -1.5e3,\n"
        " \"messages\": [\n"
        "  {\"id\": 7, \"date\": \"2026-05-04T10:15:00\", \"author\": {\"id\": 1, \"name\": \"Ann\"},\n"
        "   \"text\": [\"see \", {\"type\": \"bold\", \"text\": \"this\"}, 4, \" one\"]},\n"
        "  {\"date\": \"2026-05-04T10:15:01\", \"text\": \"\"},\n"
        "  {\"date\": \"2026-05-04T10:15:02\", \"author\": {\"name\": \"Bob\"}, \"text\": \"b\"}],\n"
        " \"messageCount\": 3, \"more\": [{\"text\": \"no message\"}]\n}\n";
    const taken all = chat_of(text, NULL), bob = chat_of(text, "Bob"),
                none = chat_of("{\"messages\": []}", NULL), empty = chat_of(" [ ]\n", NULL),
                zone =
                    chat_of("{\"Time\": \"2026-05-04T10:15:30.500000+05:30\", \"Text\": \"a\"}\n"
                            "{\"Time\": \"2026-05-04T10:15:32.500000789+05:30\", \"Text\": \"b\"}",
                            NULL),
                own = chat_of(
                    "{\"t\": 1, \"text\": \"a\", \"messages\": []}\n{\"t\": 2, \"text\": \"b\"}",
                    NULL),
                apart =
                    chat_of("{\"date\": \"2026-05-04\", \"time\": \"23:59:59\", \"text\": \"a\"}\n"
                            "{\"date\": \"2026-05-05\", \"time\": \"00:00:01\", \"text\": \"b\"}",
                            NULL);

    (void)state;
    assert_string_equal(all.format, "messages in JSON");
    assert_int_equal(all.rows, 2);
    assert_string_equal(all.text[0], "see this one");
    assert_int_equal(all.t_us[1], 2 * S);
    assert_int_equal(bob.rows, 1);
    assert_string_equal(bob.text[0], "b");
    assert_int_equal(none.rows, 0);
    assert_int_equal(empty.rows, 0);
    assert_int_equal(apart.t_us[1], 2 * S);
    assert_int_equal(zone.t_us[1], 2 * S);
    assert_int_equal(own.rows, 2);
}

static void what_an_option_says_of_csvs_is_not_said_of_these(void **state)
{
    static const char vtt[] = "WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n",
                      marked[] = "\xef\xbb\xbfWEBVTT\n\n00:01.000 --> 00:02.000\nhello\n",
                      chat[] = "5/4/26, 10:15 - Ann: a\n5/5/26, 10:15 - Ann: b\n";
    taken x;

    (void)state;
    put("t.vtt", vtt, strlen(vtt));
    x = read_file("t.vtt", &(attune_log_options){.chat = 1, .time = ATTUNE_TIME_MS});
    assert_int_equal(x.t_us[0], S);
    put("t.vtt", marked, strlen(marked));
    x = read_file("t.vtt", &(attune_log_options){.chat = 1});
    assert_int_equal(x.t_us[0], S);
    put("c.txt", chat, strlen(chat));
    x = read_file("c.txt", &(attune_log_options){.chat = 1, .time = ATTUNE_TIME_DMY});
    assert_int_equal(x.t_us[1], 30 * 86400 * S);
}

static void when_the_pictures_began_is_of_dates_and_clocks(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } list[] = {
        {"WEBVTT\n\n00:03.000 --> 00:04.000\na\n", 3 * S},
        {"1\n00:00:03,000 --> 00:00:04,000\na\n", 3 * S},
        {"0:00:03\tAnn:\ta\n", 3 * S},
        {"10:15:03 From Ann to Bob: a\n", 3 * S},
        {"[04.05.26, 10:15:03] Ann: a\n", 3 * S},
        {"{\"time\": \"2026-05-04T10:15:03Z\", \"text\": \"a\"}\n", 3 * S},
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        taken x;
        put("c", list[i].text, strlen(list[i].text));
        x = read_file("c", &(attune_log_options){.chat = 1, .zero = "2026-05-04T10:15:00"});
        assert_int_equal(x.rows, 1);
        assert_int_equal(x.t_us[0], list[i].us);
    }
}

/* ---- what is wrong ------------------------------------------------------------------------------ */

static void what_is_wrong_names_the_line(void **state)
{
    static const struct {
        int chat;
        const char *text, *why;
    } list[] = {
        {0, "1777889700\n1\n60\nfast\n", "x.tsv:4: x is 'fast', no number"},
        {0, "1777889700\n1\n60\n61,62\n", "x.tsv:4: 2 fields, where the header has 1"},
        {0, "1777889700, IBI\n1,0.8\n0.5,0.8\n",
         "x.tsv:3: its time '0.5' is before that of the row"},
        {0, POLAR_SUMMARY "Made Up,RUNNING,soon,10:15:00,,\n",
         "x.tsv:2: its start 'soon 10:15:00' is not a date as in 31/5/2026"},
        {0, POLAR_SUMMARY, "x.tsv:2: its start '' is not a date"},
        {0, POLAR_SUMMARY "Made Up,RUNNING,04-05-2026,10:15:00,,\nhr,speed\n",
         "x.tsv:3: here the samples' header is missing, with 'Time'"},
        {0, POLAR_SUMMARY "Made Up,RUNNING,04-05-2026,10:15:00,,\n" POLAR_SAMPLES "1,soon,85\n",
         "x.tsv:4: its time 'soon' is not seconds, or h:mm:ss"},
        {0, "WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n", "x.tsv:1: no column beside the time"},
        {1, "[04.05.26, 10:15:02] Ann: a\nb\n[04.05.26, 10:15:00] Ann: c\n", "x.tsv:3: its time"},
        {1, "[44.05.26, 10:15:02] Ann: a\nb\n",
         "x.tsv:1: its time '44.05.26 10:15:02' is not a date"},
        {1, "5/4/26, 10:15 - Ann: a\n",
         "x.tsv:1: its time '5/4/26 10:15' may begin with the month"},
        {1, "WEBVTT\n\n00:02.000 --> 00:03.000\na\n\n00:01.000 --> 00:02.000\nb\n",
         "x.tsv:7: its time '00:01.000' is before that of the row before it"},
        {1, "WEBVTT\n\n00:62.000 --> 00:63.000\na\n",
         "x.tsv:4: its time '00:62.000' is not seconds"},
        {1, "10:15:01 From Ann to Everyone: \xff\n", "x.tsv:1: its text is no UTF-8"},
        {1, "{\"time\": 1}\n", "x.tsv:1: no 'text', 'message' or 'content' in its object"},
        {1, "{\"time\": 1, \"text\": 5}\n", "x.tsv:1: no 'text', 'message' or 'content'"},
        {1, "{\"text\": \"a\"}\n", "x.tsv:1: its time is missing"},
        {1, "{\"time\": 1, \"text\": \"a\"}\n{\"time\n", "x.tsv:2: this is no JSON: "},
        {1, "[{\"t\": 1, \"text\": \"a\"}\n{\"t\": 1, \"text\": \"a\"}]",
         "x.tsv:2: here a comma or the array's end is missing"},
        {1, "[{\"t\": 1, \"text\": \"a\"},\n]", "x.tsv:2: here is no object"},
        {1, "[{\"t\": 1, \"text\": \"a\"}\n", "x.tsv:2: the array does not end"},
        {1, "[{\"t\": 1, \"text\": \"a\"}]\nx", "x.tsv:2: here is no object"},
        {1, "{\"t\": 1, \"text\": \"a\"}\n7", "x.tsv:2: here is no object"},
        {1, "{\"a\": {},\n\"messages\": [\n{\"t\": 1, \"text\": \"a\"}\n",
         "x.tsv:4: the array does not end"},
        {1, "{\"messages\": [{\"t\": 1, \"text\": \"a\"}\n}", "x.tsv:2: here a comma"},
        {1, "{\"messages\": [7]}", "x.tsv:1: here is no object"},
        {1, "{\"messages\": [{\"t\": 1, \"text\": \"a\"}]}\n{\"messages\": []}",
         "x.tsv:2: here is no object"},
        {1, "{\"messages\": [{\"t\": 1, \"text\": \"a\"}], \"more\": [",
         "x.tsv:1: the object does not end"},
        {1, "{\"messages\": 7}", "x.tsv:1: no 'text', 'message' or 'content' in its object"},
        {1, "{\"messages\"", "x.tsv:1: this is no JSON"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        attune_log *l;
        attune_error err = {0};
        put("x.tsv", list[i].text, strlen(list[i].text));
        assert_int_equal(
            attune_log_open(&l, path, &(attune_log_options){.chat = list[i].chat}, &err),
            ATTUNE_E_FORMAT);
        if (!strstr(err.text, list[i].why))
            fail_msg("%s: %s", list[i].why, err.text);
    }
    assert_int_equal(unlink(path), 0);
}

static void a_sidecar_may_be_wrong(void **state)
{
    static const struct {
        const char *text, *why;
    } list[] = {
        {"{\"Columns\": [\"a\"]}", "x.json: SamplingFrequency is not above 0"},
        {"{\"Columns\": [\"a\"], \"SamplingFrequency\": -1}",
         "x.json: SamplingFrequency is not above 0"},
        {"{\"SamplingFrequency\": 1}", "x.json: Columns is no list of names"},
        {"{\"SamplingFrequency\": 1, \"Columns\": []}", "x.json: Columns is no list of names"},
        {"{\"SamplingFrequency\": 1, \"Columns\": [1]}", "x.json: Columns is no list of names"},
        {"{\"SamplingFrequency\": 1, \"Columns\": [\"a,b\"]}",
         "x.json: Columns is no list of names"},
        {"{\"SamplingFrequency\": 1, \"Columns\": [\"a\"], \"StartTime\": 1e9}",
         "x.json: StartTime is too far"},
        {"{\"SamplingFrequency\"", "x.json"},
        {"{\"SamplingFrequency\": 1, \"Columns\": [\"a\"]}",
         "x.tsv:1: 2 fields, where the header has 1"},
    };

    (void)state;
    put("x.tsv", "1\t2\n", 4);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        attune_log *l;
        attune_error err = {0};
        put("x.json", list[i].text, strlen(list[i].text));
        assert_int_equal(attune_log_open(&l, in_folder("x.tsv"), NULL, &err), ATTUNE_E_FORMAT);
        if (!strstr(err.text, list[i].why))
            fail_msg("%s: %s", list[i].why, err.text);
    }
    assert_int_equal(unlink(in_folder("x.tsv")) | unlink(in_folder("x.json")), 0);
}

static void what_is_too_long_or_no_text_is_refused(void **state)
{
    enum { LONG = ATTUNE_MAX_MESSAGE + 9000 };
    static const char begin[] = "10:15:01 From Ann to Everyone: ";
    static const struct {
        size_t at;
        char c;
        const char *why;
    } list[] = {{0, '1', ":1: it is longer than"},
                {LONG / 2, '\n', ":2: it is longer than"}, /* two lines, together */
                {40, 0, ":1: it has a byte of 0"}};
    char *text = malloc(LONG);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        attune_log *l;
        attune_error err = {0};
        memset(text, 'a', LONG);
        memcpy(text, begin, strlen(begin));
        text[list[i].at] = list[i].c;
        put("x.txt", text, LONG);
        assert_int_equal(attune_log_open(&l, path, &(attune_log_options){.chat = 1}, &err),
                         ATTUNE_E_FORMAT);
        if (!strstr(err.text, list[i].why))
            fail_msg("%s: %s", list[i].why, err.text);
    }
    assert_int_equal(unlink(path), 0);
    free(text);
}

static void what_gzip_packed_may_be_damaged(void **state)
{
    attune_log *l;
    attune_error err = {0};
    size_t n;

    (void)state;
    pack("x.csv", "time,hr\n0,1\n1,2\n2,3\n3,4\n");
    char *packed = read_bytes("x.csv", &n);
    put("x.csv", packed, n - 12);
    assert_int_equal(attune_log_open(&l, path, NULL, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "x.csv: is damaged or cut short"));
    packed[n / 2] ^= 0x55;
    put("x.csv", packed, n);
    assert_int_equal(attune_log_open(&l, path, NULL, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "x.csv: is damaged or cut short"));
    assert_int_equal(unlink(path), 0);
    free(packed);
}

static void a_pipe_is_refused_and_not_waited_for(void **state)
{
    attune_log *l;
    attune_error err = {0};

    (void)state;
    assert_int_equal(mkfifo(path = in_folder("pipe"), 0600), 0);
    assert_int_equal(attune_log_open(&l, path, NULL, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "pipe: is no file: it can be read only once"));
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empatica_samples_at_a_rate),
        cmocka_unit_test(empatica_counts_from_1970),
        cmocka_unit_test(empatica_has_times_of_beats),
        cmocka_unit_test(polar_has_two_headers),
        cmocka_unit_test(bids_has_its_columns_beside_it),
        cmocka_unit_test(a_sidecar_of_a_table_with_a_header_is_none),
        cmocka_unit_test(what_gzip_packed_is_read),
        cmocka_unit_test(whatsapp_of_an_iphone),
        cmocka_unit_test(whatsapp_of_android),
        cmocka_unit_test(whatsapp_of_other_places),
        cmocka_unit_test(captions_of_webvtt),
        cmocka_unit_test(captions_of_srt),
        cmocka_unit_test(zoom_saves_a_chat),
        cmocka_unit_test(lines_of_json),
        cmocka_unit_test(messages_of_an_object_of_json),
        cmocka_unit_test(what_an_option_says_of_csvs_is_not_said_of_these),
        cmocka_unit_test(when_the_pictures_began_is_of_dates_and_clocks),
        cmocka_unit_test(what_is_wrong_names_the_line),
        cmocka_unit_test(a_sidecar_may_be_wrong),
        cmocka_unit_test(what_is_too_long_or_no_text_is_refused),
        cmocka_unit_test(what_gzip_packed_may_be_damaged),
        cmocka_unit_test(a_pipe_is_refused_and_not_waited_for),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
