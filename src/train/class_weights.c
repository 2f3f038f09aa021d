#include "train/class_weights.h"
#include <math.h>

void at_class_weights(const double *count, int n, double power, float *weight)
{
    double total = 0, mean = 0;
    for (int i = 0; i < n; i++)
        total += count[i];
    for (int i = 0; i < n; i++) {
        weight[i] = count[i] > 0 ? (float)pow(total / (n * count[i]), power) : 0;
        mean += total > 0 ? (double)weight[i] * count[i] / total : 0;
    }
    for (int i = 0; i < n; i++)
        weight[i] = mean > 0 ? weight[i] / (float)mean : 1;
}
