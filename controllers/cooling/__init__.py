"""Setpoints of cooling: what they cost, what they must keep, and the cheapest safe ones."""
