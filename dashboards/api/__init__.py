"""The HTTP interface, mounted under /api before the pages."""
