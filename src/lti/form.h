/* form.h - what a browser's form holds (application/x-www-form-urlencoded). Private to lti and serve. */
#ifndef AT_LTI_FORM_H
#define AT_LTI_FORM_H

#include <stddef.h>

/* A value of a form of n bytes, decoded. 1: out has it; 0: there is none of that name; -1: there are two, or it is
 * too long for out, or not encoded as it should be, or has a control character. */
int at_form_value(const char *form, size_t n, const char *name, char *out, size_t size);

/* Puts "&name=value", encoded, behind what out holds already. 0: there is no room, and out is what it was. */
int at_form_add(char *out, size_t size, const char *name, const char *value);

#endif
