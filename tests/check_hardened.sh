#!/usr/bin/env bash
# That the program was built with what hinders the use of a fault (meson.build).
set -uo pipefail
program=$ATTUNE_EXE
command -v readelf >/dev/null || exit 77
symbols=$(readelf --dyn-syms -W "$program")
! grep -q '__[a-z]*san_' <<<"$symbols" || exit 77 # the sanitizers are in their place
bad=0
has() # what, its sign, where it is looked for
{
    grep -q "$2" <<<"$3" && return
    echo "$program: no $1" >&2
    bad=1
}

headers=$(readelf -lW "$program")
dynamic=$(readelf -dW "$program")
has "position-independent code" 'DYN (Position-Independent' "$headers"
has "read-only relocations" GNU_RELRO "$headers"
has "binding at the start" 'FLAGS.*NOW' "$dynamic"
has "stack that is not executable" 'GNU_STACK.* RW ' "$headers"
has "guard of the stack" __stack_chk_fail "$symbols"
has "checked copies (_FORTIFY_SOURCE)" '__[a-z]*_chk@' "$(grep -v __stack_chk <<<"$symbols")"
# Of the code itself: a C library without them, as Debian 12's, takes the mark from the whole program.
case $(readelf -hW "$program") in
*X86-64*)
    marks=$(objdump -d --section=.text "$program" | grep -c endbr64)
    has "marked targets of jumps (CET)" '...' "$marks" # hundreds: a few are the compiler's own
    ;;
esac
exit $bad
