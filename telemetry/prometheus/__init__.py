"""Prometheus: text, remote write, and which device a label set speaks of."""
