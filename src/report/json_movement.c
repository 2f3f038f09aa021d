#include "report/json_movement.h"

#include "base/json.h"
#include "report/movements.h"

static json_t *units_of(const at_movement *m)
{
    json_t *list = json_array();

    for (int i = 0; i < m->units; i++)
        at_json_append(&list, json_string(attune_units[m->unit[i]].name));
    return list;
}

json_t *at_json_movement(int movement)
{
    const at_movement *m = &at_movements[movement];
    int au = at_movement_au(movement);

    return json_pack("{ss so so}", "movement", m->words, "units", units_of(m), "action_unit",
                     au ? json_integer(au) : json_null());
}
