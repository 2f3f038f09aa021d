/* place.h - where in the picture a face was, so that a reader can tell which one a number is. */
#ifndef AT_REPORT_PLACE_H
#define AT_REPORT_PLACE_H

/* Sums over the time in which the face was seen. Zero-initialised is empty. */
typedef struct at_place {
    double seconds;
    double x, y, xx, yy; /* pixels x seconds of the box's middle, and of their squares */
    double width;        /* of the box */
} at_place;

/* box: x, y, w, h, pixels of the source. */
void at_place_add(at_place *p, const float box[4], double seconds);

/* Means. */
typedef struct at_position {
    double x, y;       /* [0,1] of the picture's width and height, from its left and top */
    double width;      /* pixels */
    const char *words; /* "left", "top centre", "moving about"; static storage */
} at_position;

/* w, h: of the picture, pixels. 0: the face was never seen, or the size is unknown. */
int at_place_mean(const at_place *p, int w, int h, at_position *out);

#endif
