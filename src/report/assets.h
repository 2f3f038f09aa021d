/* assets.h - the style sheet and the script of a report, as they stand in the page. */
#ifndef AT_REPORT_ASSETS_H
#define AT_REPORT_ASSETS_H

#include <stdio.h>

void at_assets_style(FILE *f);  /* <style>...</style> */
void at_assets_script(FILE *f); /* <script>...</script> */

/* Of the script's text, as a Content-Security-Policy names it. tests/cli_demo.py computes it from a
 * page and says what should stand here when the script has changed. */
extern const char at_assets_script_hash[];

#endif
