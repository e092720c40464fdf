"""What experiments have in common: plants without sensors, baselines, seeds and confidence."""
