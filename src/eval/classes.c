#include "eval/classes.h"

void at_state_shares(at_answer *a)
{
    float total = 0;
    for (int s = 0; s < ATTUNE_STATES; s++) {
        a->p[s] = 0;
        for (int k = 1; k < ATTUNE_LEVELS; k++)
            a->p[s] += (float)k * a->state[s][k];
        total += a->p[s];
    }
    for (int s = 0; s < ATTUNE_STATES; s++)
        a->p[s] = total > 0 ? a->p[s] / total : 1.f / ATTUNE_STATES;
}
