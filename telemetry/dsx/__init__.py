"""The facility's message bus: words, points, densities."""
