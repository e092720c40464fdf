"""One file per verb of the command line, each with a `register(app)`."""
