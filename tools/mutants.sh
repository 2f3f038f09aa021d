#!/usr/bin/env bash
# Shows that the tests would notice: each line of tests/mutants.txt is a small fault, put into a copy
# of the tree; the tests that it names must then fail.
#
#     tools/mutants.sh                 all of them
#     tools/mutants.sh fusion clock    those whose file's name has one of these in it
#     tools/mutants.sh --list          only see that each still fits the sources
#
# The last lines are the survivors and the sum. Exit code 1 if there is a survivor, or a line that
# does not fit exactly one place any longer.
set -uo pipefail
cd "$(dirname "$0")/.."
list=tests/mutants.txt

# Prints file with the one place of $2 replaced by $3; fails if there is not exactly one.
mutate()
{
    python3 - "$1" "$2" "$3" <<'PY'
import sys
path, was, becomes = sys.argv[1:]
text = open(path).read()
if text.count(was) != 1:
    sys.exit(f"{path}: {text.count(was)} places read: {was}")
sys.stdout.write(text.replace(was, becomes))
PY
}

# Calls $1 with file, tests, was, becomes of each line that the arguments after it choose.
each()
{
    local call=$1 file tests was becomes pattern chosen
    shift
    while IFS='|' read -r file tests was becomes; do
        [[ -z $file || $file == \#* ]] && continue
        chosen=$(($# == 0))
        for pattern in "$@"; do
            [[ $file == *"$pattern"* ]] && chosen=1
        done
        # what is tested must not read the list
        [ "$chosen" -eq 0 ] || "$call" "$file" "$tests" "$was" "$becomes" </dev/null
    done <$list
}

# What ninja calls what the tests run: a program each, or attune itself.
programs()
{
    local test
    for test in $1; do
        case $test in
        cli_faults) echo src/attune tests/fail.so ;;
        cli_mpi) echo src/attune src/mpi/attune-mpi.so ;;
        cli_python | cli_python_package) echo src/attune "src/libattune.so.$(cat VERSION)" ;;
        cli_help) echo src/cli/help/{attune.1,attune,_attune,attune.fish} ;;
        cli_onnx | cli_signals | cli_encoders | browser_onnx) echo src/attune tests/onnx_ours ;;
        cli_* | browser_* | headers_*) echo src/attune ;;
        golden_text) echo tests/text_lines ;;
        *) echo "tests/test_$test" ;;
        esac
    done
}

# What fails without a fault notices nothing.
sound()
{
    # shellcheck disable=SC2046,SC2086
    if ! { ninja -C "$copy/build" --quiet $(programs "$2") &&
        meson test -C "$copy/build" --no-rebuild $2; } >"$copy/log" 2>&1; then
        cat "$copy/log"
        echo "$2 fails as it is"
        exit 1
    fi
}

killed=0 survivors=() tried=
try()
{
    local file=$1 tests=$2 was=$3 becomes=$4
    [[ " $tried " == *" $tests "* ]] || sound "$file" "$tests"
    tried+=" $tests"
    cp "$copy/$file" "$copy/original"
    if ! mutate "$copy/original" "$was" "$becomes" >"$copy/$file"; then
        survivors+=("$file: does not fit: $was")
    elif
        # shellcheck disable=SC2046
        ! ninja -C "$copy/build" --quiet $(programs "$tests") >"$copy/log" 2>&1
    then
        cat "$copy/log"
        survivors+=("$file: does not compile: $becomes")
    elif
        # shellcheck disable=SC2086
        meson test -C "$copy/build" --no-rebuild $tests >"$copy/log" 2>&1
    then
        survivors+=("$file: $was -> $becomes ($tests passed)")
    else
        killed=$((killed + 1))
        echo "noticed: $file: $becomes"
    fi
    mv "$copy/original" "$copy/$file"
    touch "$copy/$file" # or what was built of the fault would look new enough
}

if [ "${1:-}" = --list ]; then
    exec python3 - $list <<'PY'
import sys
fits = misfits = 0
for line in open(sys.argv[1]):
    if line.strip() and not line.startswith("#"):
        path, tests, was, becomes = line.rstrip("\n").split("|")
        places = open(path).read().count(was)
        fits += places == 1
        misfits += places != 1
        if places != 1:
            print(f"{path}: {places} places read: {was}", file=sys.stderr)
print(f"{fits} fit, {misfits} do not")
sys.exit(misfits > 0 or not fits)
PY
fi

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM
git ls-files -coz --exclude-standard | xargs -0 tar cf - | tar xf - -C "$copy"
for place in tests/onnx tests/lrs tests/kubernetes tests/lti; do
    [ ! -d $place/node_modules ] || ln -s "$PWD/$place/node_modules" "$copy/$place"
done
list=$copy/$list # so that the tree may be worked on meanwhile
meson setup "$copy/build" "$copy" -Dtests=enabled -Doptimization=1 >"$copy/log" || { cat "$copy/log"; exit 1; }
each try "$@"
for survivor in ${survivors[@]+"${survivors[@]}"}; do
    echo "SURVIVED $survivor"
done
echo "$killed noticed, ${#survivors[@]} survived"
[ ${#survivors[@]} -eq 0 ] && [ $killed -gt 0 ]
