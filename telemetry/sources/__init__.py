"""One file per telemetry source; each owns its dialect and nothing else."""
