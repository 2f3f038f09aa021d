/* assets.h - the style sheet and the script of a report, as they stand in the page. */
#ifndef AT_REPORT_ASSETS_H
#define AT_REPORT_ASSETS_H

#include <stdio.h>

void at_assets_style(FILE *f);  /* <style>...</style> */
void at_assets_script(FILE *f); /* <script>...</script> */

/* Of the texts between the tags, as a Content-Security-Policy names them. tests/cli_demo.py computes
 * them from a page and says what should stand here when one has changed. */
extern const char at_assets_style_hash[], at_assets_script_hash[];

#endif
