"""One file or package per experiment; none imports another."""
