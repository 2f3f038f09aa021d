/* likeness_rows - what src/dsp/likeness.h says of sounds, for tools/learn_likeness.py to learn from.
 *
 * stdin: for each sound its number of samples (int32) and the samples (f32, 16 kHz mono).
 * stdout: for each the number of stretches (int32), then for each stretch how many of its rows are
 * speech and its statistics (f32; zeros where there is too little speech). Native byte order.
 */
#include "base/mem.h"
#include "dsp/likeness.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 1 << 24 };

static int write_stretches(const at_feature_row *rows, size_t n)
{
    int32_t count = n < AT_LIKENESS_ROWS ? 0
                                         : 1 + (int32_t)((n - AT_LIKENESS_ROWS) / AT_LIKENESS_STEP);
    if (fwrite(&count, sizeof count, 1, stdout) != 1)
        return -1;
    for (int32_t i = 0; i < count; i++) {
        float line[1 + AT_LIKENESS_STATS] = {0};
        line[0] = (float)at_likeness_describe(rows + (size_t)i * AT_LIKENESS_STEP, AT_LIKENESS_ROWS,
                                              line + 1);
        if (fwrite(line, sizeof line, 1, stdout) != 1)
            return -1;
    }
    return 0;
}

int main(void)
{
    const at_features_options options = {.denoise = 1};
    int32_t n;
    while (fread(&n, sizeof n, 1, stdin) == 1) {
        at_feature_row *rows = NULL;
        size_t count = 0;
        float *pcm = n > 0 && n < LONGEST ? at_alloc((size_t)n, sizeof *pcm) : NULL;
        int failed = !pcm || fread(pcm, sizeof *pcm, (size_t)n, stdin) != (size_t)n ||
                     at_features_extract(pcm, (size_t)n, &options, &rows, &count, NULL) < 0 ||
                     write_stretches(rows, count) < 0 || fflush(stdout) != 0; /* it is waited for */
        at_free(rows);
        at_free(pcm);
        if (failed)
            return 1;
    }
    return 0;
}
