/* scenes.h - pictures to teach a face detector with: labelled face pictures set into made-up
 * surroundings, clean and degraded.
 *
 * The data sets hold faces that fill the picture. A webcam sees them at any size and place, so each
 * scene puts one or two pictures, scaled, mirrored and relit, onto a background that is smeared out
 * of another picture or made of shades and shapes. The same scene then goes through a bad light, lens, link
 * or hand.
 */
#ifndef AT_DATA_SCENES_H
#define AT_DATA_SCENES_H

#include "data/faces.h"
#include "degrade/degrade.h"

/* What a scene suffers: nothing, or one kind at a level between easy and hard. */
typedef struct at_scene_harm {
    at_degrade_kind kind; /* AT_DEGRADE_KINDS: none */
    float level;
} at_scene_harm;

/* Where the pictures of a scene are, in its pixels; they may reach outside. */
enum { AT_SCENE_FACES = 2 };
typedef struct at_scene_places {
    int count;
    struct {
        int x, y, w, h;
    } box[AT_SCENE_FACES];
} at_scene_places;

/* Fills dst (RGB, reserved) with surroundings that show no face: shades or colours smeared out of a
 * picture, and often some boxes. */
int at_scene_surroundings(const at_image *smeared, at_image *dst, at_rng *rng);
/* Draws a side x side RGB scene with the pictures of sample index (and often another), using
 * randomness (seed, stream) alone. */
int at_scene_draw(const at_faces *f, int index, int side, uint64_t seed, uint64_t stream,
                  at_image *dst, at_scene_places *places /* nullable */);
/* A side x side scene without a face: a made-up texture, or the pictures of sample index lying on
 * their side or upside down, where a detector of upright faces must be silent. */
int at_scene_draw_silent(const at_faces *f, int index, int side, uint64_t seed, uint64_t stream,
                         at_image *dst);
/* Whether the middle of a face lies on one of the pictures. */
int at_scene_has(const at_scene_places *places, const at_face *face);

/* Degrades a scene in place: about one kind in two draws, two kinds in some, by levels up to hard
 * ones. faces (n): where they are, for hands, masks and patches. */
int at_scene_harm_randomly(at_image *scene, const at_face *faces, int n, at_rng *rng);
/* One harm, on every face if it is an occlusion. */
int at_scene_harm_by(at_image *scene, at_scene_harm harm, const at_face *faces, int n, at_rng *rng);

#endif
