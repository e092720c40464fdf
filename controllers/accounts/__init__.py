"""What a run used and what it is charged: energy, water, carbon, money."""
