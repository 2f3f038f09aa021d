#!/bin/sh
# A study as an array of Slurm tasks, each of which does one shard:
#
#     sbatch --array=1-8 slurm.sh /shared/study.csv /shared/study
#     attune merge /shared/study          # when the array is done; --partial meanwhile
#     sbatch --array=3,5 slurm.sh /shared/study.csv /shared/study 8     # two of the eight again
#
# A task whose node goes, or that is killed, is queued again and goes on where it was: at most the recordings in hand are
# done anew. Killed for the fourth time (a recording takes more memory than the task may have?) it has failed. Bad files do
# not fail a task: they are in failures.csv, and attune merge names what no task did.
#SBATCH --job-name=attune
#SBATCH --cpus-per-task=1
#SBATCH --requeue
set -u
manifest=$1 dir=$2 shards=${3:-$SLURM_ARRAY_TASK_COUNT}

attune analyze --manifest "$manifest" -o "$dir" --resume --quiet --jobs "${SLURM_CPUS_PER_TASK:-1}" \
    --shard "$SLURM_ARRAY_TASK_ID/$shards"
code=$?

[ $code -ne 1 ] || [ ! -e "$dir/study.json" ] || exit 0 # bad files
# A mistake, a full disk (75), no attune there: another time would be no better. Killed by a signal: it may be.
[ $code -gt 128 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ] || exit $code
scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
