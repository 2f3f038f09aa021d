/* movements.h - facial movements in words, what of them is usual for a face, and which tell something.
 *
 * A movement is one unit of a window (attune_units), or two that are its left and its right: networks
 * that see faces mirrored as well move both alike. Values are as units', [0,1] of fully made.
 */
#ifndef AT_REPORT_MOVEMENTS_H
#define AT_REPORT_MOVEMENTS_H

#include <attune/attune.h>

enum {
    AT_MOVEMENTS = 32,
    AT_MOVEMENTS_SHOWN = 6, /* of a face, at most */
    AT_USUAL_WINDOWS = 12,  /* so many tell what is usual for a face */
};

typedef struct at_movement {
    const char *words;  /* "mouth corners up"; left and right are the person's own */
    int unit[2], units; /* in attune_units */
} at_movement;

/* From the brows to the jaw; every unit is in one of them. */
extern const at_movement at_movements[AT_MOVEMENTS];

int at_movement_au(int movement); /* FACS action unit; 0: none */
/* NaN: the window does not know. */
double at_movement_of(const attune_window *w, int movement);

/* Sums over windows; zero-initialised is empty. */
typedef struct at_movement_sums {
    int64_t windows;
    double sum[AT_MOVEMENTS], square[AT_MOVEMENTS];
} at_movement_sums;

/* Whether a face was fit to be judged in w, and its movements are known. Others are not added. */
int at_movements_known(const attune_window *w);
void at_movements_add(at_movement_sums *s, const attune_window *w);
double at_movement_mean(const at_movement_sums *s, int movement); /* NaN of none */
double at_movement_deviation(const at_movement_sums *s, int movement);

/* Those that vary most from window to window, by at least 0.02, in the order of the table. Returns how
 * many. */
int at_movements_varied(const at_movement_sums *s, int chosen[AT_MOVEMENTS_SHOWN]);

/* Those made clearly: by at least 0.3 in the mean, the strongest first. Returns how many. */
int at_movements_made(const at_movement_sums *s, int chosen[AT_MOVEMENTS_SHOWN]);
/* How w's face moves unlike its usual: those that are at least 0.1 and one deviation from the mean, the
 * most deviations first. Without s, or where its windows are too few to tell what is usual, those made
 * clearly in w. Returns how many. */
int at_movements_telling(const at_movement_sums *s /* nullable */, const attune_window *w,
                         int chosen[AT_MOVEMENTS_SHOWN]);
/* s nullable */
int at_movements_usual_known(const at_movement_sums *s);

#endif
