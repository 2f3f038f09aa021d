#!/bin/sh
# A study as an array of Slurm tasks, each of which does one shard:
#
#     sbatch --array=1-8 slurm.sh /shared/study.csv /shared/study
#     attune merge /shared/study          # when the array is done; --partial meanwhile
#
# A task that is killed, or whose node goes, is queued again and goes on where it was: at most the recordings in
# hand are done anew. Bad files do not end a task; they are in failures.csv.
#SBATCH --job-name=attune
#SBATCH --cpus-per-task=1
#SBATCH --requeue
set -u
manifest=$1 dir=$2

attune analyze --manifest "$manifest" -o "$dir" --resume --quiet --jobs "${SLURM_CPUS_PER_TASK:-1}" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"
code=$?

case $code in
0) ;;
1 | 2 | 75) exit $code ;; # bad files, a mistake, or a full disk (75): at once another time would be no better
*) scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" ;;
esac
