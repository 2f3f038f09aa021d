/* html_frame.c - what every page begins and ends with. */
#include "report/html.h"

#include "report/assets.h"

/* Nothing is fetched from anywhere, and no style and no script is taken but ours, by their hashes:
 * neither a file's name nor a model's metadata can bring one in. */
static void put_policy(FILE *f, int script, int pictures)
{
    fprintf(f,
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
            "style-src '%s'; ",
            at_assets_style_hash);
    if (script)
        fprintf(f, "script-src '%s'; ", at_assets_script_hash);
    fprintf(f, "%sbase-uri 'none'; form-action 'none'\">\n", pictures ? "img-src data:; " : "");
}

void at_html_open(FILE *f, const char *title, int script, int pictures)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", f);
    put_policy(f, script, pictures);
    fputs("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n<title>attune: ",
          f);
    at_text_html(f, title);
    fputs("</title>\n", f);
    at_assets_style(f);
    fputs("</head>\n<body>\n<main>\n", f);
}

void at_html_close(FILE *f)
{
    fputs("</main>\n</body>\n</html>\n", f);
}
