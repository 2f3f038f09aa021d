/* json_movement.h - a movement's name, units and action unit as JSON, for what is said of it. */
#ifndef AT_REPORT_JSON_MOVEMENT_H
#define AT_REPORT_JSON_MOVEMENT_H

#include <jansson.h>

/* {"movement": "mouth corners up", "units": ["mouthSmileLeft", ...], "action_unit": 12 or null}; NULL:
 * memory is out. */
json_t *at_json_movement(int movement);

#endif
