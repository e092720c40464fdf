"""The twin in other programs: Slurm and Kubernetes. Each folder runs on the standard library."""
