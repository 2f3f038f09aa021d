/* head_picture.h - draws the demo's talking head with cairo: background, head, hand.
 *
 * A face is a handful of numbers, each roughly an action unit of the Facial Action Coding System;
 * an expression is one setting of them (Ekman, Friesen & Hager 2002), and expressions blend.
 */
#ifndef AT_TOOLS_HEAD_PICTURE_H
#define AT_TOOLS_HEAD_PICTURE_H

#include <attune/attune.h>
#include <cairo.h>

/* All about [0, 1] but where a sign is given; zero is the neutral face. */
typedef struct head_face {
    double brow_inner;     /* AU 1: inner brows up */
    double brow_outer;     /* AU 2: outer brows up */
    double brow_lower;     /* AU 4: brows down and together */
    double lid_upper;      /* AU 5: upper lids up; negative: drooping, -1 closed */
    double cheek;          /* AU 6: cheeks up, lower lids up */
    double lid_tight;      /* AU 7: lids tightened */
    double nose;           /* AU 9: nose wrinkled */
    double lip_upper;      /* AU 10: upper lip up */
    double smile;          /* AU 12: lip corners up; negative, AU 15: down */
    double stretch;        /* AU 20: lips drawn wide; negative, AU 18: rounded */
    double press;          /* AU 24: lips pressed */
    double chin;           /* AU 17: chin raised */
    double open;           /* AU 26: mouth open */
    double gaze_x, gaze_y; /* -1 .. 1 */
} head_face;

typedef struct head_pose {
    double x, y;       /* of the point between the eyes, pixels of a 640x480 frame */
    double scale;      /* 1: a head 240 high */
    double tilt;       /* radians */
    double yaw, pitch; /* -1 .. 1: features move on the face */
    double hand;       /* 0: away; 1: over the mouth and one side of the face */
} head_pose;

/* The seven expressions, in attune.h's order. */
extern const head_face head_expressions[ATTUNE_EMOTIONS];

/* a + (b - a) t, number by number. */
head_face head_blend(const head_face *a, const head_face *b, double t);

/* The room, for a w x h surface. */
void head_draw_room(cairo_t *cr, int w, int h);
void head_draw(cairo_t *cr, const head_pose *pose, const head_face *face);

#endif
