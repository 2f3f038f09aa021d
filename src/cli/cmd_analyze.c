/* attune analyze INPUT...: clips and cameras to timelines and reports. */
#include "base/utf8.h"
#include "base/visible.h"
#include "cli/analyze.h"
#include "report/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: attune analyze INPUT... [-o DIR] [--sinks NAMES] [--export KINDS] [--model FILE]\n"
    "                      [--tracks N]\n"
    "                      [--rate FPS] [--min-face N] [--no-audio] [--no-video]\n"
    "                      [--no-baseline] [--causal] [--no-sandbox]\n"
    "                      [--audio-track N] [--video-track N] [--pcm RATE]\n"
    "                      [--live] [--mic [DEVICE]] [--reconnect SECONDS] [--view | --no-view]\n"
    "                      [--sound FILE [--offset SECONDS|auto]]\n"
    "                      [--signal FILE [--signal-offset SECONDS] [--columns NAMES] [--events NAMES]]\n"
    "                      [--chat FILE [--chat-offset SECONDS] [--chat-of NAME]]\n"
    "                      [--log-time s|ms|us|date|mdy|dmy] [--zero DATE]\n"
    "                      [--store FILE [--person LABEL]]\n"
    "                      [--thumbnails] [--threads N] [--precision f32|int8] [--quiet] [--json]\n"
    "                      [--resume]\n"
    "       attune analyze --manifest FILE [-o DIR] [--shard I/N] [--resume] [-j N] [OPTION...]\n"
    "       attune analyze --devices\n"
    "\n"
    "Looks at the faces and listens to the voice in each INPUT (a clip, a picture, a sound file,\n"
    "/dev/video0; '-' is standard input) and writes, into one folder an input:\n"
    "\n";

static const char usage_options[] =
    "\n"
    "  -o DIR          the folder (default: attune-<name of the input>). With several inputs, the\n"
    "                  folder of their folders and of an index.html (default: attune-reports)\n"
    "  --sinks NAMES   only these outputs, with commas between: 'csv,html' (default: all but exports)\n"
    "  --export KINDS  these too: 'eaf,table'; also later, with attune export\n"
    "  --anonymise     of overlay: faces become a mosaic, without a guarantee (attune export --help)\n"
    "  --model FILE    instead of the default model (also: $ATTUNE_MODEL)\n"
    "  --tracks N      faces followed at once, 1 to 16 (default: 1, the largest and longest seen)\n"
    "  --rate FPS      frames looked at a second, at most 60 (default: 8)\n"
    "  --min-face N    width in pixels of the smallest faces to look for (default: 24); a box round a\n"
    "                  face may be as narrow as 0.85 of it\n"
    "  --no-baseline   answers as they are: what is usual for a person is not taken out\n"
    "  --causal        every window is told by what came before it, as of live input. Without: a\n"
    "                  person's first half minute is told again once what is usual for them is known\n"
    "  --no-audio      leave the sound out\n"
    "  --no-video      leave the picture out\n"
    "  --audio-track N the N-th sound track (default: the one with the most speech)\n"
    "  --video-track N the N-th picture track (default: the best)\n"
    "  --pcm RATE      the input is bare sound: 16-bit little-endian samples of one channel\n"
    "  --sound FILE    the sound of FILE, which was recorded apart, in the place of the INPUT's own\n"
    "  --offset S      FILE begins S seconds after the pictures (-S: before); auto (default): as the\n"
    "                  sound of both says, or where INPUT has none the mouth; if they do not, it fails\n"
    "  --signal FILE   of what was recorded beside: a CSV with a column 'time' (seconds; or dates), and\n"
    "                  up to 8 of numbers (heart rate, skin conductance, clicks); or what a device or a\n"
    "                  platform writes: Empatica, Polar Flow, BIDS. The windows tell of them; estimates\n"
    "                  rest on them only where the model was trained with such columns\n"
    "  --signal-offset S  its time 0 (of dates, and of what counts from 1970: its first row) is S\n"
    "                  seconds after the pictures begin\n"
    "  --columns NAMES only these columns of it, with commas between\n"
    "  --events NAMES  of these each number counts what happened then (clicks); others hold until the\n"
    "                  next\n"
    "  --chat FILE     messages: a CSV with columns 'time' and 'text', WhatsApp's export, Zoom's saved\n"
    "                  chat, a transcript as WebVTT or SRT, messages in JSON; what they say by\n"
    "                  their words is told\n"
    "  --chat-offset S likewise\n"
    "  --chat-of NAME  only messages whose sender (the column 'from', sender, author, name or user) is\n"
    "                  NAME\n"
    "  --log-time UNIT of both, where the column's name (time_ms) does not say it, or wrongly: s, ms,\n"
    "                  us or date; or mdy or dmy: of dates as 5/4/2026 month or day comes first\n"
    "  --zero DATE     when the pictures began, as 2026-05-04T10:15:30Z: both files' times are dates, or\n"
    "                  count from 1970; those of a transcript count from the beginning all the same\n";

static const char usage_more[] =
    "  --live          take the input as it comes and drop what is late; and read addresses: rtsp://,\n"
    "                  rtmp://, srt://, http://, ... Without this the network is never used\n"
    "  --mic [DEVICE]  sound from a microphone beside the camera, on one clock: pulse, pulse:SOURCE,\n"
    "                  alsa, alsa:DEVICE, or another live input (default: whichever is there)\n"
    "  --reconnect S   a device or address that breaks off is tried again for S seconds (default: 30;\n"
    "                  0: not at all); the session goes on with a gap\n"
    "  --view          a screen that shows live input as it stands; --no-view: a line. Default: the\n"
    "                  screen on a terminal, unless NO_COLOR is set\n"
    "  --thumbnails    a small picture of each face in report.html. Without this, and without\n"
    "                  --export overlay, nothing of anybody's looks or voice is stored\n"
    "  --store FILE    also keep the windows of each INPUT in FILE, a session each, for attune sessions;\n"
    "                  never its pictures, sound or name\n"
    "  --person LABEL  whom the sessions are of: a label of your choice, kept with them\n"
    "  --no-sandbox    decode in this process, and not in a child that can do nothing else; the report\n"
    "                  says so (attune info --sandbox)\n"
    "  --threads N     default: all cores; the results are the same for any number\n"
    "  --precision P   f32 (default), or int8: the networks of the face in eight bits, about twice as\n"
    "                  fast\n";

static const char usage_study[] =
    "  --manifest FILE a study: a CSV whose column 'path' names the inputs; 'id' (else: the file's name)\n"
    "                  their folders in DIR (default: attune-study), where tables of all lie too:\n"
    "                  recordings.csv, windows.csv, failures.csv, index.html. One bad file does not stop\n"
    "                  it. Columns signal, signal_offset, chat, chat_offset and zero are as the options,\n"
    "                  of each; --columns, --events, --chat-of and --log-time of all\n"
    "  --shard I/N     only the I-th of N parts: any number of machines share a study; attune merge makes\n"
    "                  the tables then\n"
    "  --resume        of a study: what is done in DIR is not done again; what failed is tried again. Of\n"
    "                  one INPUT that is a file: goes on where a run with --resume was killed or stopped.\n"
    "                  Until the report is finished, what that takes lies in DIR, for your eyes alone:\n"
    "                  what was told so far, what the faces look like as numbers, and --thumbnails\n"
    "  -j, --jobs N    inputs at once (default: all cores), of one thread each\n"
    "  --devices       list the cameras and microphones that are there, and analyse nothing\n"
    "  --quiet         errors only\n"
    "  --json          print the summary as JSON (an array with several inputs)\n"
    "\n"
    "Ctrl-C keeps what is done, marked as interrupted. Exit codes: 0 done, 1 failed (the reason is\n"
    "on stderr; other inputs are gone on with), 2 wrong usage, 75 a study broke off (a full disk; the\n"
    "rest is for another run with --resume), 130 interrupted.\n";

static void print_usage(void)
{
    fputs(usage, stdout);
    at_print_sinks(stdout, 0, 1);
    fputs("\nand with --export:\n\n", stdout);
    at_print_sinks(stdout, 1, 1);
    at_print_overlay(stdout);
    fputs(usage_options, stdout);
    fputs(usage_more, stdout);
    fputs(usage_study, stdout);
}

enum { THUMBNAIL = 96 }; /* pixels */

/* ---- folders -------------------------------------------------------------------------------- */

enum { STEM = 200, LINK = STEM + 32 };

/* How many of the first n inputs have that stem, or one that begins so (length: what of it counts). */
static int count_stems(const at_job *job, int n, const char *stem, size_t length)
{
    char other[STEM];
    int found = 0;

    for (int k = 0; k < n; k++) {
        at_make_stem(other, sizeof other, job->inputs[k]);
        found += !strncmp(other, stem, length);
    }
    return found;
}

/* Inputs of one name in different folders get -2, -3, ..., but what is another's name. */
static void name_link(const at_job *job, int i, const char *stem, char link[LINK])
{
    const int before = count_stems(job, i, stem, STEM);
    int number = 1, are_others;

    snprintf(link, LINK, "%s-", stem);
    are_others = before && count_stems(job, job->n_inputs, link, strlen(link));
    snprintf(link, LINK, "%s", stem);
    if (before && !are_others) /* as nearly always */
        snprintf(link, LINK, "%s-%d", stem, before + 1);
    for (int left = are_others ? before : 0; left > 0; left--)
        do
            snprintf(link, LINK, "%s-%d", stem, ++number);
        while (count_stems(job, job->n_inputs, link, LINK));
}

static int analyze_nth(at_job *job, int i)
{
    char stem[STEM], link[LINK] = "", folder[4096];
    const char *dir = job->dir ? job->dir : "attune-reports";
    int n;

    at_make_stem(stem, sizeof stem, job->inputs[i]);
    if (job->n_inputs == 1) {
        n = job->dir ? snprintf(folder, sizeof folder, "%s", job->dir)
                     : snprintf(folder, sizeof folder, "attune-%s", stem);
    } else {
        name_link(job, i, stem, link);
        n = snprintf(folder, sizeof folder, "%s/%s", dir, link);
    }
    if (n < 0 || (size_t)n >= sizeof folder)
        return at_analyze_complain(job, job->inputs[i], "the output folder's name is too long");
    return at_analyze_input(job, job->inputs[i], folder, link);
}

static int analyze_all(at_job *job)
{
    const char *dir = job->dir ? job->dir : "attune-reports";
    attune_error err;
    int code = AT_EXIT_OK;

    if (job->n_inputs > 1 && attune_index_open(&job->index, dir, &err) < 0) {
        fprintf(stderr, "attune: %s\n", err.text);
        return AT_EXIT_FAILED;
    }
    for (int i = 0; i < job->n_inputs && code != AT_EXIT_INTERRUPTED; i++) {
        int one = analyze_nth(job, i);
        code = one == AT_EXIT_OK ? code : one;
    }
    if (job->json && job->n_inputs > 1)
        puts(job->printed ? "\n]" : "[]");
    if (job->index && attune_index_finish(job->index, &err) < 0) {
        fprintf(stderr, "attune: %s\n", err.text);
        code = code == AT_EXIT_OK ? AT_EXIT_FAILED : code;
    } else if (job->index && !job->quiet && !job->json) {
        at_print_line(stdout, "all inputs: %s/index.html", dir);
    }
    if (job->index)
        at_analyze_name_earlier(dir);
    attune_index_free(&job->index);
    return code;
}

/* ---- the command ---------------------------------------------------------------------------- */

/* Sinks and exports are one list. Returns -1 to go on, or the exit code. */
static int add_exports(at_job *job, const char *exports)
{
    char sinks[AT_KINDS_SIZE];
    int code;

    job->overlay = at_split_overlay(exports, sinks);
    if (job->overlay < 0 || strlen(job->sinks ? job->sinks : "") >= AT_KINDS_SIZE - 16)
        return at_wrong_usage("analyze", "--export: too many names");
    if ((*sinks || !job->overlay) && (code = at_check_sinks("analyze", "--export", sinks)) >= 0)
        return code;
    if (!*sinks)
        return -1;
    snprintf(job->all_sinks, sizeof job->all_sinks, "%s,%s", job->sinks ? job->sinks : "default",
             sinks);
    job->sinks = job->all_sinks;
    return -1;
}

/* Standard input, a pipe, a device; nothing that is not there. */
static int comes_once(const char *input)
{
    struct stat st;

    return strcmp(input, "-") == 0 ||
           (stat(input, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

static int is_device(const char *input)
{
    struct stat st;

    return stat(input, &st) == 0 ? S_ISCHR(st.st_mode) : strncmp(input, "/dev/video", 10) == 0;
}

static int any_input(const at_job *job, int (*is)(const char *input))
{
    for (int i = 0; i < job->n_inputs; i++)
        if (is(job->inputs[i]))
            return 1;
    return 0;
}

/* Asked for, or a camera by its name. */
static int is_live(const at_job *job)
{
    return job->options.live || job->options.mic || any_input(job, is_device);
}

/* What is drawn over a clip is read from its timeline, and the clip is read again. */
static int check_overlay(const at_job *job)
{
    if (job->anonymise && !job->overlay)
        return at_wrong_usage("analyze", "--anonymise is of --export overlay");
    if (job->overlay && !attune_sinks_have(job->sinks, "timeline.jsonl"))
        return at_wrong_usage("analyze", "--export overlay needs jsonl among the --sinks");
    if (job->overlay && (is_live(job) || any_input(job, comes_once) || job->options.pcm_rate ||
                         job->options.no_video))
        return at_wrong_usage("analyze", "--export overlay goes with files that have pictures");
    if (job->overlay && job->sound)
        return at_wrong_usage("analyze", "--export overlay takes a clip's own sound, no --sound");
    return -1;
}

/* Whether the word after --mic is its DEVICE, and no INPUT. */
static int names_device(const char *word)
{
    return strcmp(word, "default") == 0 || strncmp(word, "pulse", 5) == 0 ||
           strncmp(word, "alsa", 4) == 0;
}

static void print_device(void *user, const attune_device *d)
{
    char path[512], label[512];

    (void)user;
    printf("%-10s  %-32s  %s\n", d->camera ? "camera" : "microphone",
           at_visible_copy(path, sizeof path, d->path),
           at_visible_copy(label, sizeof label, d->label));
}

static int print_devices(void)
{
    attune_error err = {0};
    int n = attune_devices(print_device, NULL, &err);

    if (n < 0)
        fprintf(stderr, "attune: %s\n", err.text);
    else if (n == 0)
        fputs("attune: no camera and no microphone was found\n", stderr);
    return n > 0 ? AT_EXIT_OK : AT_EXIT_FAILED;
}

/* "2/8". */
static int take_shard(at_job *job, const char *text)
{
    char rest;
    if (sscanf(text, "%d/%d%c", &job->shard, &job->shards, &rest) == 2 && job->shard >= 1 &&
        job->shard <= job->shards && job->shards <= ATTUNE_MAX_SHARDS)
        return 1;
    at_wrong_usage("analyze", "--shard takes I/N, the I-th of N shards, not '%.40s'", text);
    return 0;
}

static int take_log_time(const char *text, attune_log_time *out)
{
    const int time = attune_log_time_of(text);

    *out = (attune_log_time)(time < 0 ? 0 : time);
    if (time >= 0)
        return 1;
    at_wrong_usage("analyze", "--log-time takes s, ms, us, date, mdy or dmy, not '%.40s'", text);
    return 0;
}

/* Returns -1 to go on, or the exit code. */
static int check_beside(const at_job *job)
{
    const attune_log_options *s = &job->signal_log, *c = &job->chat_log;

    if (job->manifest &&
        (job->signal || job->chat || s->offset_s != 0 || c->offset_s != 0 || s->zero))
        return at_wrong_usage("analyze", "a --manifest has columns signal, signal_offset, chat, "
                                         "chat_offset and zero, a cell a recording");
    if (job->manifest)
        return -1;
    if (!job->signal && (s->offset_s != 0 || s->columns || s->events))
        return at_wrong_usage("analyze",
                              "--signal-offset, --columns and --events are of a --signal");
    if (!job->chat && (c->offset_s != 0 || c->from))
        return at_wrong_usage("analyze", "--chat-offset and --chat-of are of a --chat");
    if (!job->signal && !job->chat && (s->time || s->zero))
        return at_wrong_usage("analyze", "--log-time and --zero are of a --signal or a --chat");
    if ((job->signal || job->chat) && is_live(job))
        return at_wrong_usage("analyze",
                              "--signal and --chat go with a recording; beside live input "
                              "attune serve takes them");
    if ((job->signal || job->chat) && job->n_inputs > 1)
        return at_wrong_usage("analyze", "--signal and --chat go with one file");
    return -1;
}

/* Returns -1 to go on, or the exit code. */
static int check_study(const at_job *job)
{
    const attune_options *o = &job->options;
    if (job->n_inputs)
        return at_wrong_usage("analyze", "--manifest names the inputs: no others go with it");
    if (o->live || o->mic || job->sound || job->store_path || job->view || job->json ||
        job->overlay)
        return at_wrong_usage("analyze", "--manifest goes without --live, --mic, --sound, --store, "
                                         "--view, --json and --export overlay");
    if (!attune_sinks_have(job->sinks, "timeline.csv") ||
        !attune_sinks_have(job->sinks, "timeline.jsonl") ||
        !attune_sinks_have(job->sinks, "summary.json"))
        return at_wrong_usage("analyze",
                              "--manifest needs csv, jsonl and summary among the --sinks");
    return -1;
}

/* Likewise. */
static int check_resume(const at_job *job)
{
    const attune_options *o = &job->options;
    if (job->n_inputs > 1)
        return at_wrong_usage("analyze", "--resume goes with one INPUT, or with a --manifest");
    if (o->live || o->mic || job->sound || job->store_path || job->overlay)
        return at_wrong_usage("analyze",
                              "--resume goes without --live, --mic, --sound, --store and "
                              "--export overlay");
    if (!attune_sinks_have(job->sinks, "summary.json"))
        return at_wrong_usage("analyze", "--resume needs summary among the --sinks");
    return -1;
}

/* Fills job. Returns -1 to go on, or the exit code. */
static int parse(at_job *job, int argc, char **argv)
{
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'},
        {"sinks", required_argument, NULL, 's'},
        {"export", required_argument, NULL, 'x'},
        {"anonymise", no_argument, NULL, 'y'},
        {"model", required_argument, NULL, 'm'},
        {"tracks", required_argument, NULL, 't'},
        {"rate", required_argument, NULL, 'r'},
        {"min-face", required_argument, NULL, 'F'},
        {"audio-track", required_argument, NULL, 'a'},
        {"video-track", required_argument, NULL, 'v'},
        {"pcm", required_argument, NULL, 'p'},
        {"sound", required_argument, NULL, 'S'},
        {"offset", required_argument, NULL, 'O'},
        {"signal", required_argument, NULL, 'G'},
        {"signal-offset", required_argument, NULL, 'g'},
        {"columns", required_argument, NULL, 'c'},
        {"events", required_argument, NULL, 'e'},
        {"chat", required_argument, NULL, 'I'},
        {"chat-offset", required_argument, NULL, 'i'},
        {"chat-of", required_argument, NULL, 'f'},
        {"log-time", required_argument, NULL, 'u'},
        {"zero", required_argument, NULL, 'z'},
        {"live", no_argument, NULL, 'l'},
        {"mic", optional_argument, NULL, 'M'},
        {"reconnect", required_argument, NULL, 'R'},
        {"view", no_argument, NULL, 'W'},
        {"no-view", no_argument, NULL, 'N'},
        {"devices", no_argument, NULL, 'L'},
        {"no-audio", no_argument, NULL, 'A'},
        {"no-baseline", no_argument, NULL, 'B'},
        {"causal", no_argument, NULL, 'C'},
        {"no-sandbox", no_argument, NULL, 'X'},
        {"no-video", no_argument, NULL, 'V'},
        {"thumbnails", no_argument, NULL, 'T'},
        {"store", required_argument, NULL, 'D'},
        {"person", required_argument, NULL, 'P'},
        {"threads", required_argument, NULL, 'H'},
        {"precision", required_argument, NULL, 'U'},
        {"manifest", required_argument, NULL, 'Q'},
        {"shard", required_argument, NULL, 'K'},
        {"resume", no_argument, NULL, 'E'},
        {"jobs", required_argument, NULL, 'j'},
        {"quiet", no_argument, NULL, 'q'},
        {"json", no_argument, NULL, 'J'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    attune_options *o = &job->options;
    const char *offset = NULL, *exports = NULL;
    int c;

    job->offset_s = NAN;
    while ((c = at_next_option("analyze", argc, argv, ":o:j:qh", longs, "")) != -1) {
        switch (c) {
        case 'o':
            if (!at_take_folder("analyze", "-o", optarg, &job->dir))
                return AT_EXIT_USAGE;
            break;
        case 's': job->sinks = optarg; break;
        case 'x': exports = optarg; break;
        case 'y': job->anonymise = 1; break;
        case 'm': job->model_path = optarg; break;
        case 't':
            if (!at_take_int("analyze", "--tracks", optarg, 1, ATTUNE_MAX_TRACKS, &o->max_tracks))
                return AT_EXIT_USAGE;
            break;
        case 'r':
            if (!at_take_number("analyze", "--rate", optarg, 0.1, 60, &o->rate))
                return AT_EXIT_USAGE;
            break;
        case 'F':
            if (!at_take_int("analyze", "--min-face", optarg, 12, 2000, &o->min_face))
                return AT_EXIT_USAGE;
            break;
        case 'H':
            if (!at_take_int("analyze", "--threads", optarg, 0, ATTUNE_MAX_THREADS, &o->threads))
                return AT_EXIT_USAGE;
            break;
        case 'U':
            if (!at_take_precision("analyze", optarg, &job->precision))
                return AT_EXIT_USAGE;
            break;
        case 'Q': job->manifest = optarg; break;
        case 'E': job->resume = 1; break;
        case 'K':
            if (!take_shard(job, optarg))
                return AT_EXIT_USAGE;
            break;
        case 'j':
            if (!at_take_int("analyze", "--jobs", optarg, 1, 256, &job->processes))
                return AT_EXIT_USAGE;
            break;
        case 'a':
            if (!at_take_int("analyze", "--audio-track", optarg, 1, 1000, &o->audio_track))
                return AT_EXIT_USAGE;
            break;
        case 'v':
            if (!at_take_int("analyze", "--video-track", optarg, 1, 1000, &o->video_track))
                return AT_EXIT_USAGE;
            break;
        case 'p':
            if (!at_take_int("analyze", "--pcm", optarg, 2000, 768000, &o->pcm_rate))
                return AT_EXIT_USAGE;
            break;
        case 'S': job->sound = optarg; break;
        case 'O':
            offset = optarg;
            job->offset_s = NAN;
            if (strcmp(optarg, "auto") != 0 &&
                !at_take_number("analyze", "--offset (if not auto)", optarg, -43200, 43200,
                                &job->offset_s))
                return AT_EXIT_USAGE;
            break;
        case 'G': job->signal = optarg; break;
        case 'g':
            if (!at_take_number("analyze", "--signal-offset", optarg, -1e8, 1e8,
                                &job->signal_log.offset_s))
                return AT_EXIT_USAGE;
            break;
        case 'c': job->signal_log.columns = optarg; break;
        case 'e': job->signal_log.events = optarg; break;
        case 'I': job->chat = optarg; break;
        case 'i':
            if (!at_take_number("analyze", "--chat-offset", optarg, -1e8, 1e8,
                                &job->chat_log.offset_s))
                return AT_EXIT_USAGE;
            break;
        case 'f': job->chat_log.from = optarg; break;
        case 'u':
            if (!take_log_time(optarg, &job->signal_log.time))
                return AT_EXIT_USAGE;
            job->chat_log.time = job->signal_log.time;
            break;
        case 'z': job->signal_log.zero = job->chat_log.zero = optarg; break;
        case 'D': job->store_path = optarg; break;
        case 'P': job->person = optarg; break;
        case 'l': o->live = 1; break;
        case 'M':
            if (!optarg && optind < argc && names_device(argv[optind]))
                optarg = argv[optind++];
            o->mic = optarg ? optarg : "default";
            break;
        case 'R':
            if (!at_take_number("analyze", "--reconnect", optarg, 0, 86400, &o->reconnect_s))
                return AT_EXIT_USAGE;
            o->reconnect_s = o->reconnect_s > 0 ? o->reconnect_s : -1;
            break;
        case 'W': job->view = 1; break;
        case 'N': job->no_view = 1; break;
        case 'L': return print_devices();
        case 'T': o->thumbnails = THUMBNAIL; break;
        case 'A': o->no_audio = 1; break;
        case 'B': o->no_baseline = 1; break;
        case 'C': o->causal = 1; break;
        case 'X': o->no_sandbox = 1; break;
        case 'V': o->no_video = 1; break;
        case 'q': job->quiet = 1; break;
        case 'J': job->json = 1; break;
        case 'h': print_usage(); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if ((job->shards || job->processes) && !job->manifest)
        return at_wrong_usage("analyze", "--shard and --jobs are of a --manifest");
    if (!job->manifest && optind == argc)
        return at_wrong_usage("analyze", "what shall be analysed?");
    if ((c = at_check_sinks("analyze", "--sinks", job->sinks)) >= 0)
        return c;
    job->inputs = argv + optind;
    job->n_inputs = argc - optind;
    if (exports && (c = add_exports(job, exports)) >= 0)
        return c;
    if ((c = check_overlay(job)) >= 0)
        return c;
    if (o->thumbnails && !attune_sinks_have(job->sinks, "report.html"))
        return at_wrong_usage("analyze",
                              "--thumbnails are in report.html, which --sinks leaves out");
    if (job->person && !job->store_path)
        return at_wrong_usage("analyze", "--person is of what --store keeps");
    if (job->person && strlen(job->person) >= ATTUNE_LABEL_BYTES)
        return at_wrong_usage("analyze", "--person takes up to %d bytes", ATTUNE_LABEL_BYTES - 1);
    if (job->person && !at_utf8_is(job->person))
        return at_wrong_usage("analyze", "--person is no UTF-8: two labels would look the same");
    if (offset && !job->sound)
        return at_wrong_usage("analyze", "--offset is of a --sound");
    if (job->sound &&
        (job->n_inputs > 1 || is_live(job) || o->pcm_rate || o->no_audio || o->no_video))
        return at_wrong_usage("analyze", "--sound goes with one file that has pictures");
    if (o->mic && (job->n_inputs > 1 || job->sound || o->no_audio || o->pcm_rate))
        return at_wrong_usage("analyze", "--mic goes with one camera, or other live pictures");
    if (o->no_audio && o->no_video)
        return at_wrong_usage("analyze", "--no-audio and --no-video leave nothing to analyse");
    if ((o->no_audio && o->audio_track) || (o->no_video && o->video_track))
        return at_wrong_usage("analyze", "a track is chosen of what --no-%s leaves out",
                              o->no_audio ? "audio" : "video");
    if ((job->view || o->reconnect_s != 0) && !is_live(job))
        return at_wrong_usage("analyze", "--view and --reconnect are of live input");
    if ((c = check_beside(job)) >= 0)
        return c;
    if (job->manifest)
        return check_study(job);
    return job->resume ? check_resume(job) : -1;
}

/* What else reads or writes media files needs FFmpeg here. */
static int is_one_file(const at_job *job)
{
    const attune_options *o = &job->options;

    return job->n_inputs == 1 && !job->manifest && !job->overlay && !job->sound && !o->thumbnails &&
           !is_live(job) && !o->no_sandbox;
}

static int load_model(at_job *job, attune_error *err)
{
    return is_one_file(job) ? attune_model_load_for_file(&job->model, job->model_path,
                                                         job->inputs[0], &job->options, err)
                            : attune_model_load_for_files(&job->model, job->model_path, err);
}

/* The store is opened first: where nothing can be kept, nothing is analysed in vain. Returns an exit code. */
static int open_all(at_job *job)
{
    attune_error err;
    int rc = at_analyze_open_beside(job, &err);

    if (rc == ATTUNE_E_INTERRUPTED)
        return at_analyze_interrupted(job, job->inputs[0], 0);
    if (rc == ATTUNE_OK && job->store_path)
        rc = attune_store_open(&job->store, job->store_path, 0, &err);
    rc = rc < 0 ? rc : load_model(job, &err);
    rc = rc < 0 ? rc : attune_model_set_precision(job->model, job->precision, &err);
    if (rc < 0)
        fprintf(stderr, "attune: %s\n", err.text);
    return rc < 0 ? AT_EXIT_FAILED : AT_EXIT_OK;
}

int at_cmd_analyze(int argc, char **argv)
{
    at_job job = {0};
    int code = parse(&job, argc, argv);

    if (code >= 0)
        return code;
    if (!job.options.live && !job.options.mic)
        attune_confine();
    at_catch_stop();
    if (!job.model_path)
        job.model_path = attune_default_model();
    code = open_all(&job);
    if (code == AT_EXIT_OK)
        code = job.manifest ? at_analyze_study(&job) : analyze_all(&job);
    attune_model_free(&job.model);
    attune_store_free(&job.store);
    at_analyze_close_beside(&job);
    return code;
}
