"""The power chain, its rooms and limits, and its course within milliseconds."""
