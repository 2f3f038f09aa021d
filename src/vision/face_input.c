#include "vision/face_input.h"

int at_face_input(at_image *dst, at_picture_work *work, const attune_picture *p, const at_face *f)
{
    float m[6];
    const int status = at_align_matrix(f, m);

    return status == ATTUNE_OK ? at_face_input_by(dst, work, p, m, AT_FACE_SIDE) : status;
}

int at_face_input_by(at_image *dst, at_picture_work *work, const attune_picture *p,
                     const float m[6], int side)
{
    const float scale = (float)side / AT_FACE_SIDE;
    float scaled[6];

    /* centres of pixels: x_112 + 0.5 = (x + 0.5) 112 / side */
    for (int k = 0; k < 6; k++)
        scaled[k] = k % 3 == 2 ? (m[k] + 0.5f) * scale - 0.5f : m[k] * scale;
    return at_picture_warp(dst, work, p, side == AT_FACE_SIDE ? m : scaled, side, side);
}

void at_face_input_values(const at_image *face, float *x)
{
    const int row = face->w * 3;

    for (int y = 0; y < face->h; y++) {
        const uint8_t *p = at_image_at(face, 0, y);
        for (int k = 0; k < row; k++)
            *x++ = ((float)p[k] - 127.5f) / 127.5f;
    }
}
