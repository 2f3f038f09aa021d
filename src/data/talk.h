/* talk.h - mouths of stills that are made to talk.
 *
 * A network that learned from stills takes a speaker's open mouth for an expression. To learn otherwise it
 * must see that one face's mouth opens and shuts: the picture is warped so that the lower lip and the jaw
 * drop, and the gap is filled with a mouth's dark, perhaps with teeth. The expression round it stays.
 */
#ifndef AT_DATA_TALK_H
#define AT_DATA_TALK_H

#include "base/rng.h"
#include "vision/detect.h"
#include "vision/image.h"

/* Where the lips of a face in an RGB picture meet, by its landmarks and what is darkest between them: how
 * far below the line between the mouth's corners, in half widths of the mouth. */
float at_talk_line(const at_image *im, const at_face *face);

/* The mouth opened, in place. open: by how much the lips part further, in half widths of the mouth, [-1,1];
 * below 0 an open mouth closes by that. teeth: [0,1] how much is seen of the upper ones. */
int at_talk_open(at_image *im, const at_face *face, float line, float open, float teeth);

/* How somebody's mouth moves who talks: in syllables, each opened by an amount of its own, at a rate as of
 * speech (2 to 8 a second, Poeppel & Assaneo 2020), with pauses between phrases. */
typedef struct at_talk {
    uint64_t seed;
    float rate;           /* syllables a second */
    float most, least;    /* of open; least <= 0 */
    float phrase, silent; /* seconds; share of a phrase that is a pause */
    float teeth;
} at_talk;

at_talk at_talk_draw(at_rng *rng);
/* How far the mouth is open at that moment. */
float at_talk_at(const at_talk *t, int64_t t_us);

#endif
