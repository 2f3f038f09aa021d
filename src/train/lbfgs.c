#include "train/lbfgs.h"
#include "base/mem.h"
#include <math.h>
#include <string.h>

typedef struct search {
    const at_lbfgs *o;
    size_t n;
    int memory, pairs;       /* room for, and how many there are */
    double *x, *g;           /* where it stands; x is the caller's */
    double *next_x, *next_g; /* where it may go */
    double *direction;
    double *step, *change; /* (memory, n) the oldest first */
    double *rho, *alpha;   /* (memory) */
    double value;
} search;

static double dot(size_t n, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void add(size_t n, double k, const double *a, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] += k * a[i];
}

static double largest(size_t n, const double *g)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(g[i]));
    return most;
}

/* direction = -H g, by the two loops of algorithm 7.4. */
static void find_direction(search *s)
{
    const size_t n = s->n;
    double *d = s->direction;
    for (size_t i = 0; i < n; i++)
        d[i] = -s->g[i];
    for (int k = s->pairs - 1; k >= 0; k--) {
        s->alpha[k] = s->rho[k] * dot(n, s->step + (size_t)k * n, d);
        add(n, -s->alpha[k], s->change + (size_t)k * n, d);
    }
    if (s->pairs) {
        const double *y = s->change + (size_t)(s->pairs - 1) * n;
        const double scale = 1 / (s->rho[s->pairs - 1] * dot(n, y, y));
        for (size_t i = 0; i < n; i++)
            d[i] *= scale;
    }
    for (int k = 0; k < s->pairs; k++) {
        const double beta = s->rho[k] * dot(n, s->change + (size_t)k * n, d);
        add(n, s->alpha[k] - beta, s->step + (size_t)k * n, d);
    }
}

/* From x along the direction to where the value is lower, in next; 0: there is no such place. */
static int descend(search *s)
{
    const double enough = 1e-4, slope = dot(s->n, s->g, s->direction);
    double length = s->pairs ? 1 : 1 / fmax(1, sqrt(dot(s->n, s->g, s->g)));
    for (int tries = 0; tries < 40 && slope < 0; tries++, length /= 2) {
        memcpy(s->next_x, s->x, s->n * sizeof *s->x);
        add(s->n, length, s->direction, s->next_x);
        const double value = s->o->value(s->o->user, s->next_x, s->next_g);
        if (!(value <= s->value + enough * length * slope))
            continue;
        s->value = value;
        return 1;
    }
    return 0;
}

/* Keeps what this step taught of the curvature, the oldest pair giving way, and goes there. */
static void take_step(search *s)
{
    const size_t n = s->n;
    if (s->pairs == s->memory) {
        const size_t kept = (size_t)(s->memory - 1);
        memmove(s->step, s->step + n, kept * n * sizeof *s->step);
        memmove(s->change, s->change + n, kept * n * sizeof *s->change);
        memmove(s->rho, s->rho + 1, kept * sizeof *s->rho);
        s->pairs--;
    }
    double *step = s->step + (size_t)s->pairs * n, *change = s->change + (size_t)s->pairs * n;
    for (size_t i = 0; i < n; i++) {
        step[i] = s->next_x[i] - s->x[i];
        change[i] = s->next_g[i] - s->g[i];
    }
    const double curvature = dot(n, step, change);
    if (curvature > 1e-12 * dot(n, change, change))
        s->rho[s->pairs++] = 1 / curvature;
    memcpy(s->x, s->next_x, n * sizeof *s->x);
    memcpy(s->g, s->next_g, n * sizeof *s->g);
}

static int run(search *s)
{
    const double tolerance = s->o->tolerance > 0 ? s->o->tolerance : 1e-5;
    const int most = s->o->iterations > 0 ? s->o->iterations : 1000;
    s->value = s->o->value(s->o->user, s->x, s->g);
    for (int i = 0; i < most; i++) {
        const double g = largest(s->n, s->g);
        if (s->o->step && s->o->step(s->o->user, i, s->value, g))
            return ATTUNE_E_INTERRUPTED;
        if (g <= tolerance)
            return i;
        find_direction(s);
        if (!descend(s))
            return i;
        take_step(s);
    }
    return most;
}

int at_lbfgs_minimise(const at_lbfgs *o, size_t n, double *x)
{
    search s = {.o = o, .n = n, .x = x, .memory = o->memory > 0 ? o->memory : 10};
    const size_t memory = (size_t)s.memory;
    double *room = at_alloc((4 + 2 * memory) * n + 2 * memory, sizeof *room);
    if (!room)
        return ATTUNE_E_NOMEM;
    s.g = room;
    s.next_x = s.g + n;
    s.next_g = s.next_x + n;
    s.direction = s.next_g + n;
    s.step = s.direction + n;
    s.change = s.step + memory * n;
    s.rho = s.change + memory * n;
    s.alpha = s.rho + memory;
    const int status = run(&s);
    at_free(room);
    return status;
}
