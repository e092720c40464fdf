"""Tables of foreign names, as package files."""
