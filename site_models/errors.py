"""The one error that bad input becomes."""


class InputError(ValueError):
    """What was given cannot be used; the message is one line for the person who gave it.

    It names the file and the key or row, and says what was expected. The command line
    prints it and exits with 2, the HTTP interface answers 422.
    """
