#!/usr/bin/env bash
# The include edges of src/ against the module order (docs/architecture.md).
set -euo pipefail
cd "${ATTUNE_SRC:-$(dirname "$0")/..}/src"
bad=0

complain()
{
    echo "$*" >&2
    bad=1
}

# Which modules a module's files may include; all of them may include <attune/...>.
declare -A may=(
    [base]="base"
    [text]="base text"
    [kernels]="base kernels"
    [tensor]="base kernels tensor"
    [dsp]="base kernels dsp"
    [vision]="base kernels tensor vision"
    [media]="base media"
    [degrade]="base dsp vision media degrade"
    [model]="base kernels tensor model"
    [signal]="base tensor signal"
    [fusion]="base kernels tensor model signal text fusion"
    [onnx]="base kernels tensor vision model signal fusion onnx"
    [runtime]="base kernels tensor model signal text fusion dsp vision media runtime"
    [data]="base kernels tensor media dsp vision degrade model data"
    [eval]="base kernels tensor model fusion onnx media dsp vision degrade data runtime eval"
    [train]="base kernels tensor model signal text fusion media dsp vision degrade data eval train"
    [bench]="base kernels tensor model fusion dsp vision runtime bench"
    [report]="base report"
    [store]="base report store"
    [net]="base net"
    [xapi]="base net store xapi"
    [study]="base data report study"
    [annotate]="base kernels tensor media vision report annotate"
    [experiments]="base kernels tensor model fusion media dsp vision degrade data eval train report experiments"
    [lti]="base net lti"
    [serve]="base media report lti serve"
    [mpi]="mpi"
    [cli]="report cli"
)

edges=0
for file in */*.[ch]; do
    module=${file%%/*}
    if [ -z "${may[$module]:-}" ]; then
        complain "$file: module $module is not in the module order"
        continue
    fi
    while read -r included; do
        edges=$((edges + 1))
        used=${included%%/*}
        case $module:$included in
        *:at_config.h | cli:base/json.h | cli:base/progress.h | cli:base/sanitized.h | cli:base/utf8.h | cli:base/visible.h | cli:mpi/attune_mpi.h) continue ;; # the build's own; the exceptions
        runtime:media/* | runtime:runtime/feed*.h | runtime:runtime/analyze_notes.h)
            # files and cameras come in through analyze and its feed; the session knows neither
            [[ $file == runtime/@(analyze|feed)* ]] ||
                complain "$file: only analyze may include $included"
            ;;
        esac
        [[ $included == */* ]] || complain "$file: \"$included\" lacks its module's name"
        [[ " ${may[$module]} " == *" $used "* ]] || complain "$file: $module may not include $included"
        [ -e "$included" ] || complain "$file: there is no $included"
    done < <(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file")
done
# jansson alone does not bear memory that is out (base/json.h)
for file in $(grep -lE 'json_(load|dump)' */*.[ch] | grep -v '^base/json\.'); do
    complain "$file: JSON is read and written by base/json.h alone"
done
[ $edges -gt 0 ] || complain "no include was found: this check is blind"

# FFmpeg is known to one place, and the library neither prints nor ends the process.
while read -r line; do
    complain "$line: FFmpeg outside src/media/av*"
done < <(grep -nE '# *include *<lib(av|sw)' */*.[ch] | grep -vE '^media/av[^/]*\.[ch]:' || true)
while read -r line; do
    complain "$line: a library may not do this"
done < <(grep -nE '(^|[^A-Za-z0-9_])(printf|puts|putchar|perror|abort|exit|_exit) *\(|stderr|stdout' \
    */*.[ch] | grep -vE '^(cli/|base/progress\.c:|media/(av_box_child|confine_calls|sandbox|usher)\.c:.*_exit)' | # a child's own end
    grep -vE '^[^:]*:[0-9]+: *(/?\*|.*/\*.*(printf|stderr|stdout))|format\(printf' || true)
exit $bad
