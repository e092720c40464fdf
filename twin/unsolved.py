"""What is raised where equations have no answer: nobody's input is wrong, the site cannot be so."""


class NotSolvedError(RuntimeError):
    """No steady flow was found; the message names the loop that stays open and by how much."""


class NotSettledError(RuntimeError):
    """The state kept moving; the message says how much."""
