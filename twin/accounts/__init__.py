"""Energy, water, carbon and money as sums over steps."""
