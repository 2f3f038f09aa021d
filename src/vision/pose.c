#include "vision/pose.h"

#include <math.h>

#define DEGREES 57.29578F

/* Fitted to the head pose that MediaPipe's FaceLandmarker gives half of 1,998 training pictures
 * (FER2013Train, faces_diverse), by least squares; held to the other half. */
static const float yaw_of_nose = 129.5F;
static const float pitch_level = 91.6F, pitch_of_nose = -169.3F, pitch_of_turn = -48.4F;

/* The face's own axes: right along eyes and mouth, down across. The nose tip's place is measured
 * from the middle of eyes and mouth sideways, and from the eyes down. */
at_pose at_pose_of(const at_face *f)
{
    const float(*p)[2] = f->landmark;
    const float rx = 0.5F * (p[1][0] - p[0][0] + p[4][0] - p[3][0]);
    const float ry = 0.5F * (p[1][1] - p[0][1] + p[4][1] - p[3][1]);
    const float width = hypotf(rx, ry);
    const float eyes[2] = {0.5F * (p[0][0] + p[1][0]), 0.5F * (p[0][1] + p[1][1])};
    const float mouth[2] = {0.5F * (p[3][0] + p[4][0]), 0.5F * (p[3][1] + p[4][1])};

    if (!(width > 0))
        return (at_pose){0, 0, 0};
    const float right[2] = {rx / width, ry / width}, down[2] = {-right[1], right[0]};
    const float height = (mouth[0] - eyes[0]) * down[0] + (mouth[1] - eyes[1]) * down[1];
    const float aside = (p[2][0] - 0.5F * (eyes[0] + mouth[0])) * right[0] +
                        (p[2][1] - 0.5F * (eyes[1] + mouth[1])) * right[1];
    const float below = (p[2][0] - eyes[0]) * down[0] + (p[2][1] - eyes[1]) * down[1];
    const float h = fmaxf(height, 0.1F * width); /* no face is flatter than that */

    return (at_pose){
        .yaw = fminf(fmaxf(yaw_of_nose * aside / hypotf(width, h), -90), 90),
        .pitch = fminf(
            fmaxf(pitch_level + pitch_of_nose * below / h + pitch_of_turn * fabsf(aside) / h, -90),
            90),
        .roll = DEGREES * atan2f(ry, rx),
    };
}
