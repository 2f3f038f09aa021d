/* moments.c - when tokens were seen, as networks are told it (at_temporal_time). */
#include "onnx/moments.h"
#include "model/temporal.h"

at_onnx_value *at_onnx_moments(at_onnx *o, at_onnx_value *times, at_onnx_value *latest)
{
    enum { WAVES = AT_TEMPORAL_TIME / 2 };
    const int64_t by_wave[] = {0, -1, 1, 1}, joined[] = {0, -1, AT_TEMPORAL_TIME};
    float turns[WAVES];

    for (int i = 0; i < WAVES; i++)
        turns[i] = 6.2831853f / at_temporal_period_s[i];
    at_onnx_value *before = at_onnx_binary(o, "Sub", latest, times);
    before = at_onnx_binary(o, "Reshape", before, at_onnx_indices(o, 4, by_wave));
    at_onnx_value *turn =
        at_onnx_binary(o, "Mul", before,
                       at_onnx_floats(o, NULL, 2, (int[]){WAVES, 1}, turns)); /* (b, t, waves, 1) */
    at_onnx_value *both[] = {at_onnx_unary(o, "Sin", turn), at_onnx_unary(o, "Cos", turn)};
    at_onnx_value *v =
        at_onnx_node(o, "Concat", 2, both, (at_onnx_attribute[]){at_onnx_int("axis", 3), {0}});
    return at_onnx_binary(o, "Reshape", v, at_onnx_indices(o, 3, joined));
}

at_onnx_value *at_onnx_latest(at_onnx *o, at_onnx_value *times)
{
    return at_onnx_node(o, "ReduceMax", 1, &times,
                        (at_onnx_attribute[]){at_onnx_ints1("axes", 1), {0}});
}
