#!/bin/sh
# Training among ranks of Open MPI, on this machine, on several, or as a job of Slurm:
#
#     train.sh recipe.json data runs -n 4
#     train.sh recipe.json data runs --host one:2,two:2
#     sbatch --ntasks=8 --cpus-per-task=2 train.sh recipe.json /shared/data /shared/runs
#
# The recipe says in how many shards a batch is computed ("shards"), which is as many ranks as can learn. What was stopped,
# or lost a machine, goes on from its checkpoint when the same is started again, among any number of ranks.
#SBATCH --job-name=attune-train
#SBATCH --requeue
set -u
recipe=$1 data=$2 runs=$3
shift 3

name=$(sed -n 's/.*"name": *"\([^"]*\)".*/\1/p' "$recipe" | head -n 1)
name=${name:-$(basename "$recipe" .json)}
resume= # its own checkpoint, of all that may lie there
[ ! -e "$runs/$name.checkpoint.safetensors" ] || resume=--resume

# A rank has as many cores as threads. Where one is gone mpirun ends the others, but gives the first ten seconds to save.
threads=${SLURM_CPUS_PER_TASK:-1}
exec mpirun --map-by "slot:PE=$threads" --mca odls_base_sigkill_timeout 5 "$@" \
    attune train "$recipe" --data "$data" -o "$runs" --threads "$threads" $resume
