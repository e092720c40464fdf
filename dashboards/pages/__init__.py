"""One file per page; a page reads snapshots and nothing else."""
