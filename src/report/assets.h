/* assets.h - the style sheet and the script of a report, as they stand in the page. */
#ifndef AT_REPORT_ASSETS_H
#define AT_REPORT_ASSETS_H

#include <stdio.h>

void at_assets_style(FILE *f);  /* <style>...</style> */
void at_assets_script(FILE *f); /* <script>...</script> */

#endif
