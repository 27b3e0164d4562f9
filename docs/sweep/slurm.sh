#!/bin/bash
# A grid as an array job of Slurm, a part a task; the last line makes one table of the parts.
#
#     sbatch --array=1-8 docs/sweep/slurm.sh GRID.toml OUTDIR
#     tamis sweep merge rows.csv OUTDIR/part*.csv        when all tasks have ended
#
# A task that was stopped or requeued goes on with the rows that its part has.
#SBATCH --job-name=tamis-sweep
#SBATCH --nodes=1
#SBATCH --cpus-per-task=4
#SBATCH --requeue
set -euo pipefail
grid=${1:?the grid, a TOML file}
out=${2:?the folder of the parts}
mkdir -p "$out"
exec tamis sweep run "$grid" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
    --out "$out/part$SLURM_ARRAY_TASK_ID.csv"
