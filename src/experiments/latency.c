/* latency.c - Table 5: how long a batch of 32 takes. */
#include "experiments/experiment.h"

#include "base/error.h"

#include <attune/bench.h>
#include <math.h>
#include <string.h>

enum {
    WHAT,
    THREADS,
    RUNS,
    MEAN,
    DEVIATION,
    MEDIAN,
    CPU,
    RATE,
    PAPER_MEAN,
    PAPER_DEVIATION,
    PAPER_RATE,
    REMARK,
    PROTOCOL,
    COMMAND
};
_Static_assert(COMMAND + 1 == AT_LATENCY_COLUMNS, "a column each");
enum { BATCH = 32 };

const at_column at_latency_columns[AT_LATENCY_COLUMNS] = {
    [WHAT] = {"what", "batch of 32", AT_TEXT_COLUMN, AT_TABLE, 0},
    [THREADS] = {"threads", "threads", AT_COUNT, AT_TABLE, 0},
    [RUNS] = {"batches", "batches timed", AT_COUNT, AT_TABLE, 0},
    [MEAN] = {"mean_ms", "mean ms", AT_DECIMAL, AT_TABLE, 0},
    [DEVIATION] = {"deviation_ms", "deviation", AT_DECIMAL, AT_TABLE, 0},
    [MEDIAN] = {"median_ms", "median", AT_DECIMAL, AT_TABLE, 0},
    [CPU] = {"processor_ms", "of processor", AT_DECIMAL, AT_TABLE, 0},
    [RATE] = {"samples_a_second", "samples/s", AT_DECIMAL, AT_TABLE, 0},
    [PAPER_MEAN] = {"paper_mean_ms", "paper: mean ms", AT_DECIMAL, AT_TABLE, 0},
    [PAPER_DEVIATION] = {"paper_deviation_ms", "deviation", AT_DECIMAL, AT_TABLE, 0},
    [PAPER_RATE] = {"paper_samples_a_second", "samples/s", AT_DECIMAL, AT_TABLE, 0},
    [REMARK] = {"difference", NULL, AT_TEXT_COLUMN, AT_REMARK, 0},
    [PROTOCOL] = {"protocol", NULL, AT_TEXT_COLUMN, AT_PROTOCOL, 0},
    [COMMAND] = {"command", NULL, AT_TEXT_COLUMN, AT_COMMAND, 0},
};

static const struct {
    const char *bench, *what;
    int paper; /* it is what the paper's row is of */
} batches[] = {
    {"batch-face", "face, 112 px", 0},
    {"batch-face-224", "face, 224 px", 1},
    {"batch-voice", "voice, 3 s each", 0},
    {"batch-fused", "fused: both, and the fusion", 0},
};
enum { BATCHES = sizeof batches / sizeof *batches };
static const double paper_mean = 975.563562, paper_deviation = 20.406793, paper_rate = 32.801553;

static void put_row(at_sheet *s, const attune_bench_report *r, const attune_bench_result *b)
{
    int i = 0;
    while (i < BATCHES && strcmp(batches[i].bench, b->name) != 0)
        i++;
    if (i == BATCHES) /* the processor's peak, which comes along */
        return;
    at_sheet_row(s);
    at_sheet_text(s, WHAT, "%s", batches[i].what);
    at_sheet_value(s, THREADS, b->threads);
    at_sheet_value(s, RUNS, b->runs);
    at_sheet_value(s, MEAN, b->mean);
    at_sheet_value(s, DEVIATION, b->deviation);
    at_sheet_value(s, MEDIAN, b->median);
    at_sheet_value(s, CPU, b->cpu_ms);
    at_sheet_value(s, RATE, 1000 * BATCH / b->mean);
    at_sheet_text(
        s, PROTOCOL,
        "%s, %d cores, %s kernels; load %.1f before, %.1f after%s. The networks alone, on what "
        "has been found, aligned and turned into features; random weights.",
        r->cpu, r->cores, r->isa, r->load[0], r->load[1],
        r->load[0] > 0.5 ? ": others are busy, and the times suffer" : "");
    at_sheet_text(s, COMMAND, "attune bench batch-face batch-face-224 batch-voice batch-fused");
    if (!batches[i].paper)
        return;
    at_sheet_value(s, PAPER_MEAN, paper_mean);
    at_sheet_value(s, PAPER_DEVIATION, paper_deviation);
    at_sheet_value(s, PAPER_RATE, paper_rate);
    at_sheet_text(
        s, REMARK,
        "%.1f times %s than the paper's: it names neither its processor, its threads nor the side "
        "of its pictures; 224 pixels are what MobileNetV2 usually has.",
        b->mean < paper_mean ? paper_mean / b->mean : b->mean / paper_mean,
        b->mean < paper_mean ? "faster" : "slower");
}

static int progress(void *user, double done, double total, const char *name)
{
    (void)name;
    return at_lab_progress(user, done, total);
}

int at_table5(at_lab *lab, at_sheet *s, attune_error *err)
{
    const char *names[BATCHES];
    for (int i = 0; i < BATCHES; i++)
        names[i] = batches[i].bench;
    const attune_bench_options o = {.names = names,
                                    .n = BATCHES,
                                    .seconds = lab->limit ? 0.1 : 10,
                                    .rounds = lab->limit ? 1 : 5,
                                    .threads = lab->o->threads,
                                    .progress = progress,
                                    .user = lab};
    attune_bench_report r;
    int status = at_lab_step(lab, err, "timing batches of 32");
    if (status <= 0)
        return status;
    status = attune_bench(&r, &o, err);
    for (int i = 0; i < r.count && !status; i++)
        if (r.result[i].runs)
            put_row(s, &r, &r.result[i]);
    at_sheet_note(s, "Times are of this machine at this moment, and are measured anew each time.");
    return status;
}
