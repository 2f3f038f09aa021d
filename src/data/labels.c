/* labels.c - the class that a sample is labelled with, in the classes of a head. */
#include "data/corpus.h"

/* The state with the highest level; of several the one that comes first in order. -1 when a level is
 * missing. */
static int highest_state(const int state[ATTUNE_STATES], const int order[ATTUNE_STATES])
{
    int best = order[0];
    for (int i = 0; i < ATTUNE_STATES; i++) {
        int s = order[i];
        if (state[s] < 0)
            return -1;
        best = state[s] > state[best] ? s : best;
    }
    return best;
}

int at_label_of(const at_sample *s, at_head head)
{
    static const int rarest_first[ATTUNE_STATES] = {ATTUNE_FRUSTRATION, ATTUNE_CONFUSION,
                                                    ATTUNE_BOREDOM, ATTUNE_ENGAGEMENT};
    /* The only order by which engagement has the share that the paper's figures are of (method.md). */
    static const int engagement_first[ATTUNE_STATES] = {ATTUNE_ENGAGEMENT, ATTUNE_FRUSTRATION,
                                                        ATTUNE_CONFUSION, ATTUNE_BOREDOM};
    if (head == AT_HEAD_STATE4)
        return highest_state(s->state, rarest_first);
    if (head == AT_HEAD_DOMINANT4)
        return highest_state(s->state, engagement_first);
    if (head == AT_HEAD_ENGAGEMENT3)
        return s->engagement;
    return s->expression;
}
