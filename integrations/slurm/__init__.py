"""Slurm: a job_submit plugin and a controller beside slurmctld."""
