"""One file per equipment kind: its schema, with a provenance for every number."""
