#include "report/movements.h"

#include <math.h>

#define ONE(words, unit)     \
    {                        \
        words, {unit, -1}, 1 \
    }
#define TWO(words, unit, other) \
    {                           \
        words, {unit, other}, 2 \
    }

/* Words after FACS's names of its action units (Ekman & Friesen 1978). */
const at_movement at_movements[AT_MOVEMENTS] = {
    ONE("inner brows up", 2),
    TWO("outer brows up", 3, 4),
    TWO("brows lowered", 0, 1),
    TWO("eyes wide", 20, 21),
    TWO("lids tightened", 18, 19),
    TWO("lids closed", 8, 9),
    TWO("looks up", 16, 17),
    TWO("looks down", 10, 11),
    TWO("looks left", 13, 14), /* the right eye inwards, the left one outwards */
    TWO("looks right", 12, 15),
    TWO("cheeks raised", 6, 7),
    ONE("cheeks puffed", 5),
    TWO("nose wrinkled", 49, 50),
    TWO("upper lip up", 47, 48),
    ONE("upper lip pushed up", 42),
    TWO("mouth corners up", 43, 44),
    TWO("mouth corners in", 27, 28),
    TWO("mouth corners down", 29, 30),
    TWO("mouth stretched", 45, 46),
    TWO("lower lip down", 33, 34),
    ONE("chin raised", 41),
    ONE("lips puckered", 37),
    ONE("lips funnelled", 31),
    TWO("lips pressed", 35, 36),
    TWO("lips rolled in", 39, 40), /* the lower and the upper */
    ONE("lips together", 26),
    ONE("mouth to the left", 32),
    ONE("mouth to the right", 38),
    ONE("jaw open", 24),
    ONE("jaw forward", 22),
    ONE("jaw to the left", 23),
    ONE("jaw to the right", 25),
};

int at_movement_au(int movement)
{
    return attune_units[at_movements[movement].unit[0]].au;
}

double at_movement_of(const attune_window *w, int movement)
{
    const at_movement *m = &at_movements[movement];
    double sum = 0;

    for (int i = 0; i < m->units; i++)
        sum += (double)w->unit[m->unit[i]];
    return w->track ? sum / m->units : NAN;
}

/* ---- what is usual --------------------------------------------------------------------------- */

int at_movements_known(const attune_window *w)
{
    return (w->used >> ATTUNE_FACE & 1u) && isfinite(at_movement_of(w, 0));
}

void at_movements_add(at_movement_sums *s, const attune_window *w)
{
    if (!at_movements_known(w))
        return;
    s->windows++;
    for (int m = 0; m < AT_MOVEMENTS; m++) {
        double made = at_movement_of(w, m);
        s->sum[m] += made;
        s->square[m] += made * made;
    }
}

double at_movement_mean(const at_movement_sums *s, int movement)
{
    return s->windows ? s->sum[movement] / (double)s->windows : NAN;
}

double at_movement_deviation(const at_movement_sums *s, int movement)
{
    double mean = at_movement_mean(s, movement);

    return s->windows ? sqrt(fmax(s->square[movement] / (double)s->windows - mean * mean, 0)) : NAN;
}

int at_movements_usual_known(const at_movement_sums *s)
{
    return s && s->windows >= AT_USUAL_WINDOWS;
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* The highest scores from least on, falling; of equals the first. */
static int highest(const double score[AT_MOVEMENTS], double least, int chosen[AT_MOVEMENTS_SHOWN])
{
    int n = 0;

    for (int m = 0; m < AT_MOVEMENTS; m++) {
        int i;
        if (!(score[m] >= least) || (n == AT_MOVEMENTS_SHOWN && score[m] <= score[chosen[n - 1]]))
            continue;
        i = n == AT_MOVEMENTS_SHOWN ? n - 1 : n++;
        for (; i > 0 && score[m] > score[chosen[i - 1]]; i--)
            chosen[i] = chosen[i - 1];
        chosen[i] = m;
    }
    return n;
}

static void sort(int *list, int n)
{
    for (int i = 1; i < n; i++) {
        int one = list[i], k = i;
        for (; k > 0 && list[k - 1] > one; k--)
            list[k] = list[k - 1];
        list[k] = one;
    }
}

int at_movements_varied(const at_movement_sums *s, int chosen[AT_MOVEMENTS_SHOWN])
{
    const double least = 0.02;
    double deviation[AT_MOVEMENTS];
    int n;

    for (int m = 0; m < AT_MOVEMENTS; m++)
        deviation[m] = at_movement_deviation(s, m);
    n = highest(deviation, least, chosen);
    sort(chosen, n);
    return n;
}

/* In deviations; 0 where it is too near to the usual. */
static double apart(const at_movement_sums *s, const attune_window *w, int movement)
{
    const double least = 0.1;
    double difference = fabs(at_movement_of(w, movement) - at_movement_mean(s, movement));

    return difference >= least ? difference / fmax(at_movement_deviation(s, movement), 1e-3) : 0;
}

int at_movements_made(const at_movement_sums *s, int chosen[AT_MOVEMENTS_SHOWN])
{
    const double clearly = 0.3;
    double made[AT_MOVEMENTS];

    for (int m = 0; m < AT_MOVEMENTS; m++)
        made[m] = at_movement_mean(s, m);
    return highest(made, clearly, chosen);
}

/* Whether or not the face was fit to be judged. */
static int made_in(const attune_window *w, int chosen[AT_MOVEMENTS_SHOWN])
{
    at_movement_sums alone = {.windows = 1};

    for (int m = 0; m < AT_MOVEMENTS; m++)
        alone.sum[m] = at_movement_of(w, m);
    return at_movements_made(&alone, chosen);
}

int at_movements_telling(const at_movement_sums *s, const attune_window *w,
                         int chosen[AT_MOVEMENTS_SHOWN])
{
    double deviations[AT_MOVEMENTS];

    if (!at_movements_usual_known(s))
        return made_in(w, chosen);
    for (int m = 0; m < AT_MOVEMENTS; m++)
        deviations[m] = apart(s, w, m);
    return highest(deviations, 1, chosen);
}
