#include "train/drawn_harm.h"
#include "base/rng.h"

/* Which harm it is, how it looks, and what else is drawn of the same sample know nothing of each other. */
static const uint64_t of_choice = UINT64_C(0xA0761D6478BD642F),
                      of_look = UINT64_C(0xE7037ED1A0B428DB);

at_harms at_drawn_harm(const at_harm_settings *list, int n, int to_sound, uint64_t seed,
                       uint64_t sample)
{
    const float least = 1.f / 3;
    int of[AT_MOST_HARMS], sort = 0;
    at_harms h = {.seed = seed ^ of_look};
    at_rng rng;
    for (int i = 0; i < n; i++)
        if ((at_degrade_find(list[i].kind) >= AT_DEGRADE_PICTURES) == to_sound)
            of[sort++] = i;
    if (!sort)
        return h;
    at_rng_seed(&rng, seed ^ of_choice, sample);
    const at_harm_settings *drawn = &list[of[at_rng_below(&rng, (uint32_t)sort)]];
    const at_degrade_kind kind = at_degrade_find(drawn->kind);
    const float none = at_degradations[kind].none, share = at_rng_range(&rng, least, 1);
    h.list[h.count++] = (at_harm){kind, none + share * (drawn->level - none)};
    return h;
}
