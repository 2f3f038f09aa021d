#!/bin/sh
# A study by GNU parallel, on this machine or on several that share a folder:
#
#     parallel.sh study.csv study 8
#     parallel.sh /shared/study.csv /shared/study 32 --sshloginfile hosts
#
# A shard that is killed is tried again, up to three times, and goes on where it was. The tables are made at the end.
set -u
manifest=$1 dir=$2 shards=$3
shift 3

parallel "$@" --retries 3 --halt never \
    'attune analyze --manifest {2} -o {3} --resume --quiet --jobs 1 --shard {1}/{4}; code=$?; [ $code -eq 1 ] || exit $code' \
    ::: $(seq "$shards") ::: "$manifest" ::: "$dir" ::: "$shards" || exit
attune merge "$dir"
