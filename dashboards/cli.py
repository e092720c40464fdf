"""The command line: `twin VERB ...`.

Exit 0 done, 1 a check or limit failed, 2 unusable input or usage, told in one line.
"""

import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.exceptions import Abort, Exit

from dashboards import verbs
from dashboards.report import complain
from site_models.errors import InputError
from twin.unsolved import NotSettledError, NotSolvedError


def build(asked: str = "") -> typer.Typer:
    """Return the application with the verb that is asked for, or else with every verb.

    What one verb rests on takes a fraction of a second to load; what all rest on, seconds.
    """
    app = typer.Typer(
        name="twin",
        help="Digital twin of an AI-factory site: heat, power, telemetry, control, placement.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_no_option_of_its_own)
    found = sorted(file.name for file in pkgutil.iter_modules(verbs.__path__))
    for name in [name for name in found if name.removesuffix("_") == asked] or found:
        importlib.import_module(f"{verbs.__name__}.{name}").register(app)
    return app


def _no_option_of_its_own() -> None:
    """Make `twin` a group even where one verb alone is loaded."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code; every complaint is one line on stderr."""
    words = sys.argv[1:] if arguments is None else arguments
    command = typer.main.get_command(build(next(iter(words), "")))
    if "numba" in sys.modules:  # loading it for a verb that computes nothing takes longer than that
        importlib.import_module("dashboards.compiling").told_of_compiling()
    try:
        code = command.main(args=words, prog_name="twin", standalone_mode=False)
    except InputError as error:
        return _complain(str(error))
    except (NotSolvedError, NotSettledError) as error:
        complain(str(error))
        return 1
    except Exit as error:
        return int(error.exit_code)
    except (Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if hasattr(error, "format_message"):
            return _complain(_usage(error))
        raise
    return code if isinstance(code, int) else 0


def _usage(error: Any) -> str:
    """Return what was wrong with the words given, and where their use is told."""
    said = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{said} (see {context.command_path if context else 'twin'} --help)"


def _complain(message: str) -> int:
    complain(message)
    return 2


def run() -> None:
    """Entry point of the `twin` command."""
    sys.exit(main())


if __name__ == "__main__":
    run()
