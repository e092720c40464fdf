"""One file per subject of `twin validate`, each with a `rows()`: our models against others'."""
