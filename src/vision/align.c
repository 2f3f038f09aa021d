/* align.c - see align.h. */
#include "vision/align.h"

#include <math.h>
#include <string.h>

const float at_face_template[AT_LANDMARKS][2] = {
    {38.2946F, 51.6963F}, {73.5318F, 51.5014F}, {56.0252F, 71.7366F},
    {41.5493F, 92.3655F}, {70.7299F, 92.2041F},
};

/* A picture that is a tight crop of a face: its longer side is taken to this many pixels of the
 * aligned face, its middle to this place. The mean of 270 pictures of FER2013 (48 pixels a side)
 * whose landmarks were found, taken to the template by the transform below. */
enum { WHOLE_SIDE = 103 };
static const float whole_centre[2] = {56.0F, 64.2F};

/* With the points centred, p from and q to, the best rotation times scale (Umeyama 1991) is in two
 * dimensions (a -b; b a) with a = sum(p.q) / sum|p|^2, b = sum(p x q) / sum|p|^2: the singular
 * value decomposition in closed form, reflections excluded. */
int at_similarity_fit(const float (*from)[2], const float (*to)[2], int n, float m[6])
{
    double pm[2] = {0, 0}, qm[2] = {0, 0}, dot = 0, cross = 0, norm = 0;

    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 2; k++) {
            pm[k] += (double)from[i][k] / n;
            qm[k] += (double)to[i][k] / n;
        }
    }
    for (int i = 0; i < n; i++) {
        const double px = from[i][0] - pm[0], py = from[i][1] - pm[1];
        const double qx = to[i][0] - qm[0], qy = to[i][1] - qm[1];
        dot += px * qx + py * qy;
        cross += px * qy - py * qx;
        norm += px * px + py * py;
    }
    const double a = dot / norm, b = cross / norm;
    /* also false for what is not a number; the scale's square must be worth inverting */
    if (!(norm > 1e-6) || !(a * a + b * b > 1e-10) || !(a * a + b * b < 1e10))
        return ATTUNE_E_ARG;
    m[0] = (float)a;
    m[1] = (float)-b;
    m[2] = (float)(qm[0] - a * pm[0] + b * pm[1]);
    m[3] = (float)b;
    m[4] = (float)a;
    m[5] = (float)(qm[1] - b * pm[0] - a * pm[1]);
    return isfinite(m[2]) && isfinite(m[5]) ? ATTUNE_OK : ATTUNE_E_ARG;
}

int at_align_matrix(const at_face *f, float m[6])
{
    return at_similarity_fit(f->landmark, at_face_template, AT_LANDMARKS, m);
}

void at_align_whole_matrix(int w, int h, float m[6])
{
    const float scale = (float)WHOLE_SIDE / (float)(w > h ? w : h);
    const float out[6] = {scale, 0,     whole_centre[0] - scale * 0.5F * (float)(w - 1),
                          0,     scale, whole_centre[1] - scale * 0.5F * (float)(h - 1)};
    memcpy(m, out, sizeof out);
}

at_face at_align_reference(void)
{
    at_face f = {.x = 20, .y = 8, .w = 72, .h = 104, .score = 1};

    for (int i = 0; i < AT_LANDMARKS; i++) {
        f.landmark[i][0] = at_face_template[i][0];
        f.landmark[i][1] = at_face_template[i][1];
    }
    return f;
}
