"""The what-if world: a simulated plant that is source and actuator at once."""
