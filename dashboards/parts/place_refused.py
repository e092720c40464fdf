"""Why GPUs were not offered, in words, and which field of the question it rests on."""

from collections.abc import Callable
from typing import NamedTuple

from controllers.placement.models import Answer, Request
from dashboards.parts.place_fields import BY_NAME


class Refusal(NamedTuple):
    """One reason with the GPUs that it keeps out."""

    gpus: int
    why: str
    field: str
    """Label of the field that could be changed; empty: none helps."""


def refusals(request: Request, answer: Answer) -> list[Refusal]:
    """Return every reason of an answer, those that a field could change first."""
    found = [_refusal(request, why, gpus) for why, gpus in answer.rejected.items()]
    return sorted(found, key=lambda one: (not one.field, -one.gpus))


def _refusal(request: Request, why: str, gpus: int) -> Refusal:
    for start, words, field in _RULES:
        if why.startswith(start):
            name = field if isinstance(field, str) else field(request)
            rest = why.removeprefix(start).strip()
            said = words.format(rest=rest.removesuffix(" rating").removesuffix(" lost"))
            return Refusal(gpus, said, BY_NAME[name].label if name else "")
    return Refusal(gpus, why, "")


def _of_power(request: Request) -> str:
    """Return the field that tells the power."""
    return "profile" if request.profile and request.gpu_power_w is None else "gpu_power_w"


def _of_level(request: Request) -> str:
    """Return the field that asks GPUs to be near one another."""
    return "required_level" if request.required_level else "gpus"


_RULES: tuple[tuple[str, str, str | Callable[[Request], str]], ...] = (
    ("out of service", "out of service", ""),
    ("other model", "of another model", "gpu_model"),
    ("excluded", "in nodes that are left out", "exclude"),
    ("maintenance", "worked on while it would run", "duration_h"),
    ("busy", "held or used by other jobs", ""),
    ("too few free GPUs in the node", "in nodes with too few free", "gpus_per_node"),
    ("feed ", "no room under the rating of {rest} for its power", _of_power),
    ("cooling of ", "no room in the cooling of {rest} for its heat", _of_power),
    ("rack power", "no room under their rack's rating for its power", _of_power),
    ("row or site power", "no room in their row or the site for its power", _of_power),
    ("temperature at N-1", "too hot with a CDU pump lost", "n_minus_1"),
    ("temperature", "too hot with the job", _of_power),
    ("power at N-1, feed ", "no power left with {rest} lost", "n_minus_1"),
    ("no common network", "without a network between them", "gpus"),
    ("too few free on one rail", "too few free on one rail", "required_level"),
    ("too few free within one ", "too few free within one {rest}", _of_level),
    ("more than one GPU within level gpu", "more than one GPU is asked for", "required_level"),
    ("the site has ", "more than the {rest} that the site has", "gpus"),
    ("telemetry is ", "their data are {rest}", "max_age_s"),
)
"""Beginning of a reason, what is said of it with the rest put in, and the field behind it."""
