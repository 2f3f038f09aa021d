#include "eval/heat.h"

#include <math.h>

/* Rising in lightness, so that it reads in grey and to colour-blind eyes too: violet, red, orange,
 * yellow. */
static const float ramp[][3] = {
    {61, 21, 112}, {158, 32, 110}, {229, 77, 63}, {251, 155, 40}, {252, 240, 120}};
enum { STOPS = sizeof ramp / sizeof *ramp };

static void colour_of(float v, float rgb[3])
{
    const float at = v * (STOPS - 1);
    const int from = at < STOPS - 2 ? (int)at : STOPS - 2;
    for (int k = 0; k < 3; k++)
        rgb[k] = ramp[from][k] + (at - (float)from) * (ramp[from + 1][k] - ramp[from][k]);
}

/* v: [0,1] of the peak. */
static void tint(uint8_t *pixel, float v)
{
    const float most = 0.75f; /* the face is to be seen beneath */
    const float luma = 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
    const float cover = most * fminf(1.6f * v, 1);
    float rgb[3];
    colour_of(v, rgb);
    for (int k = 0; k < 3; k++)
        pixel[k] = (uint8_t)lrintf(luma + cover * (rgb[k] - luma));
}

static void outline(uint8_t *pixel)
{
    for (int k = 0; k < 3; k++)
        pixel[k] = (uint8_t)(pixel[k] + (255 - pixel[k]) * 6 / 10);
}

int at_heat_draw(at_image *dst, int side, const at_image *face, const at_cam_map *map,
                 const at_regions *regions)
{
    const float scale = (float)face->w / (float)side, peak = at_cam_peak(map);
    const int status = at_image_resize(dst, face, side, side);
    for (int y = 0; y < side && status == ATTUNE_OK; y++)
        for (int x = 0; x < side; x++) {
            const float fx = ((float)x + 0.5f) * scale - 0.5f;
            const float fy = ((float)y + 0.5f) * scale - 0.5f;
            const int region = at_region_at(regions, fx, fy);
            uint8_t *pixel = at_image_at(dst, x, y);
            tint(pixel, peak > 0 ? at_cam_at(map, fx, fy) / peak : 0);
            if (region != at_region_at(regions, fx + scale, fy) ||
                region != at_region_at(regions, fx, fy + scale))
                outline(pixel);
        }
    return status;
}
