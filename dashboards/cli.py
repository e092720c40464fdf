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
from twin.cooling.network_flow import NotSolvedError
from twin.steady import NotSettledError


def build() -> typer.Typer:
    """Return the application with every verb of `dashboards/verbs`."""
    app = typer.Typer(
        name="twin",
        help="Digital twin of an AI-factory site: heat, power, telemetry, control, placement.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for found in sorted(pkgutil.iter_modules(verbs.__path__), key=lambda f: f.name):
        module = importlib.import_module(f"{verbs.__name__}.{found.name}")
        if hasattr(module, "register"):
            module.register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code; every complaint is one line on stderr."""
    command = typer.main.get_command(build())
    try:
        code = command.main(args=arguments, prog_name="twin", standalone_mode=False)
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
