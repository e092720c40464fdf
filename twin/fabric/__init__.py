"""NVLink and the networks: what GPUs share, collectives, health of links."""
