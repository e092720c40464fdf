"""One file per group of figures of `twin bench`, each with a `rows()`."""
