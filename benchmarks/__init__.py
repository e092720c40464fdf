"""Speed and memory of the twin, measured; scripts that make shipped recordings."""
