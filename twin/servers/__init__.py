"""GPUs and nodes during one substep: power, clocks, chains of heat."""
