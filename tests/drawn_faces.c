/* drawn_faces.c - see drawn_faces.h. */
#include "drawn_faces.h"

#include "temp_folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* An oval on a shade, one eye larger than the other, a mouth that rises to one side. */
static void paint(uint8_t *p, double u, double v, int i)
{
    double r = 90 + 60 * u, g = 60 + 30 * v, b = 120 - 50 * u + 8 * i;
    double left = hypot(u + 0.3, v + 0.25), right = hypot(u - 0.35, v + 0.2);
    if (hypot(u / 0.75, v) < 0.9) {
        r = 200 - 30 * u;
        g = 150 - 25 * u + 4 * i;
        b = 120;
    }
    if (left < 0.16 || right < 0.1)
        r = g = b = 30;
    if (fabs(v - 0.45 + 0.25 * u * (i - 1)) < 0.08 && fabs(u) < 0.4)
        r = 160, g = 40, b = 50;
    p[0] = (uint8_t)r;
    p[1] = (uint8_t)g;
    p[2] = (uint8_t)b;
}

void drawn_face(int i, uint8_t rgb[3 * DRAWN_MAX_SIDE * DRAWN_MAX_SIDE], int *w, int *h)
{
    static const int size[DRAWN_FACES][2] = {{120, 120}, {48, 48}, {97, 131}, {160, 90}, {64, 63}};
    *w = size[i][0];
    *h = size[i][1];
    for (int y = 0; y < *h; y++)
        for (int x = 0; x < *w; x++)
            paint(rgb + 3 * (y * *w + x), (2. * x + 1) / *w - 1, (2. * y + 1) / *h - 1, i);
}

const char *drawn_face_write(int i)
{
    static uint8_t rgb[3 * DRAWN_MAX_SIDE * DRAWN_MAX_SIDE];
    char name[16];
    int w, h;
    drawn_face(i, rgb, &w, &h);
    snprintf(name, sizeof name, "%d.ppm", i);
    FILE *f = create_in_folder(name);
    fprintf(f, "P6\n%d %d\n255\n", w, h);
    assert_int_equal(fwrite(rgb, 3, (size_t)w * (size_t)h, f), (size_t)w * (size_t)h);
    assert_int_equal(fclose(f), 0);
    return in_folder(name);
}

at_faces drawn_faces_load(int threads)
{
    at_corpus c = {0};
    at_faces f;
    at_pool *pool = NULL;
    attune_error err = {0};
    assert_int_equal(at_pool_create(&pool, threads, NULL), ATTUNE_OK);
    for (int i = 0; i < DRAWN_FACES; i++) {
        at_sample *s = at_corpus_add(&c, drawn_face_write(i));
        assert_non_null(s);
        s->expression = i;
    }
    if (at_faces_load(&f, &c, 1, NULL, pool, NULL, &err) != ATTUNE_OK)
        fail_msg("%s", err.text);
    for (int i = 0; i < DRAWN_FACES; i++)
        unlink(c.list[i].path);
    at_corpus_free(&c);
    at_pool_free(&pool);
    return f;
}
