"""Where equipment stands: fit, clearances, pictures."""
