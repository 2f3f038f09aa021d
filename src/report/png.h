/* png.h - a small picture, inside a page as a data URI, or as a file.
 *
 * PNG (ISO/IEC 15948) with its pixels stored, not compressed: a face of 96 x 96 takes 37 kB of text,
 * and needs no library.
 */
#ifndef AT_REPORT_PNG_H
#define AT_REPORT_PNG_H

#include <stdint.h>
#include <stdio.h>

/* rgb: (h x w x 3), rows top to bottom. Writes "data:image/png;base64,..." */
void at_png_data_uri(FILE *f, const uint8_t *rgb, int w, int h);
void at_png_write(FILE *f, const uint8_t *rgb, int w, int h);

#endif
