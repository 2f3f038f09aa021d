/* view.h - live input on a terminal: one screen, redrawn in place, of what the page of a live session shows.
 *
 * It lies on the terminal's other screen, so that nothing of it is left behind, however the program ends
 * (but by SIGKILL). It takes the size that the terminal has at the moment.
 */
#ifndef AT_CLI_VIEW_H
#define AT_CLI_VIEW_H

#include <attune/attune.h>

#include <stddef.h>

typedef struct at_view at_view;

/* Whether standard error is a terminal that a screen can be drawn on. */
int at_view_possible(void);

/* name: of the input. hop_s, causal etc. are of no concern here. NULL: no memory. */
at_view *at_view_open(const char *name);
void at_view_window(at_view *v, const attune_window *w);
void at_view_live(at_view *v, const attune_live *x); /* draws, at most four times a second */
void at_view_close(at_view **v);                     /* gives the terminal back; idempotent */

/* What is drawn, without a terminal: lines apart by "\r\n", of at most h, each at most w wide. Returns
 * the bytes. color: with colours. */
size_t at_view_text(const at_view *v, int w, int h, int color, char *out, size_t size);

#endif
