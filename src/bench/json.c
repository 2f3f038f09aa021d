/* bench_json.c - a bench report as JSON. */
#include "base/json.h"

#include <attune/bench.h>

static json_t *counted(double v)
{
    return v > 0 ? json_real(v) : json_null();
}

static json_t *benchmark(const attune_bench_result *r)
{
    if (!r->runs)
        return json_pack("{s:s,s:i,s:s,s:i,s:s}", "name", r->name, "threads", r->threads, "unit",
                         r->unit, "runs", 0, "why", r->why);
    return json_pack("{s:s,s:i,s:s,s:f,s:f,s:f,s:f,s:f,s:i,s:o,s:o}", "name", r->name, "threads",
                     r->threads, "unit", r->unit, "median", r->median, "best", r->best, "mean",
                     r->mean, "deviation", r->deviation, "cpu_ms", r->cpu_ms, "runs", r->runs,
                     "gflops", counted(r->gflops), "peak_share", counted(r->peak_share));
}

char *attune_bench_json(const attune_bench_report *r)
{
    json_t *list = json_array();
    for (int i = 0; i < r->count; i++)
        at_json_append(&list, benchmark(&r->result[i]));
    json_t *root = json_pack("{s:s,s:i,s:s,s:s,s:s,s:[f,f],s:f,s:o}", "cpu", r->cpu, "cores",
                             r->cores, "isa", r->isa, "compiler", r->compiler, "version",
                             r->version, "load", r->load[0], r->load[1], "seconds", r->seconds,
                             "benchmarks", list);
    char *text = at_json_write(root, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    json_decref(root);
    return text;
}
