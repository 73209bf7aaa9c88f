#!/usr/bin/env bash
#SBATCH --nodes=1
#SBATCH --gpus-per-node=4
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --signal=USR1@300
#SBATCH --requeue
#SBATCH --open-mode=append
# sbatch experiments/slurm.sh RUN_FOLDER FLAGS…: one process a GPU, on one node or several (--nodes=2). Five minutes before
# its time is up, the run saves, stops, and is queued again, to go on where it was.
set -uo pipefail
out=$1
shift
run=(--out "$out" "$@")
if [ -e "$out/config.yaml" ]; then run=(--resume "$out"); fi
MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export MASTER_ADDR MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))
# shellcheck disable=SC2016  # a task's own number is known in the task only
srun bash -c 'RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID WORLD_SIZE=$SLURM_NTASKS \
    LOCAL_WORLD_SIZE=$SLURM_NTASKS_PER_NODE exec python -m viewlearn.train "$@"' task "${run[@]}"
code=$?
if [ $code = 75 ]; then scontrol requeue "$SLURM_JOB_ID"; fi # stopped in order, with a checkpoint
exit $code
