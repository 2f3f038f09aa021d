/* text.h - words and numbers as a reader wants them.
 *
 * File names may hold any bytes; what goes into HTML or JSON is made valid UTF-8 first.
 */
#ifndef AT_REPORT_TEXT_H
#define AT_REPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* With & < > " ' escaped; cleaned as above. */
void at_text_html(FILE *f, const char *s);

/* The last part of a path, without trailing slashes: for titles. Cleaned. */
char *at_text_basename(char *dst, size_t size, const char *path);

enum { AT_CLOCK_SIZE = 48 };
/* "0:07", "12:30", "1:02:05"; tenths: "0:07.5" where the tenth is not 0. Returns text. */
const char *at_text_clock(char text[AT_CLOCK_SIZE], double seconds, int tenths);
/* "7.5 s", "12 min 30 s", "1 h 2 min" */
const char *at_text_duration(char text[AT_CLOCK_SIZE], double seconds);
/* "71 %", "under 1 %"; 0 and 1 only for nothing and all. */
const char *at_text_percent(char text[AT_CLOCK_SIZE], double share);
/* "1 frame", "0 frames", "7 frames" */
const char *at_text_count(char text[AT_CLOCK_SIZE], int64_t n, const char *one);
/* "0.6", "8.2", "17": a digit behind the point below ten. */
const char *at_text_factor(char text[AT_CLOCK_SIZE], double factor);

#endif
