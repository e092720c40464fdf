"""The fields of a placement question: what each is called, means, and may hold."""

from typing import Literal, NamedTuple

Kind = Literal["text", "number", "choice"]
HOUR_S, MB = 3600.0, 1e6


class Field(NamedTuple):
    """One field; its component's id is ``place-`` and the name."""

    name: str
    key: str
    """Of the request, as the API has it; a dot leads into an object."""
    label: str
    about: str
    """One line on what it does."""
    kind: Kind = "number"
    start: str | float | None = None
    """What stands there at first."""
    blank: str = ""
    """What is said where nothing is told."""
    low: float | None = None
    high: float | None = None
    per: float = 1.0
    """Base units of one unit of the form."""
    group: str = ""
    """Heading that it stands under; empty: always in sight."""
    wide: bool = True


FIELDS = (
    Field("gpus", "gpus", "GPUs", "below 1: a part of one", start=16, low=0.01, wide=False),
    Field("duration_h", "duration_s", "Duration [h]", "its hottest hour counts", start=4,
          low=0.01, per=HOUR_S, wide=False),
    Field("profile", "profile", "Workload", "gives the power it draws and what its GPUs exchange",
          "choice", blank="not told: at the GPU's rating"),
    Field("job", "job", "Name", "what the commands call the job", "text", "train-1", group="Job"),
    Field("gpu_model", "gpu_model", "GPU model", "no other is offered", "choice", blank="any",
          group="Job", wide=False),
    Field("gpu_power_w", "gpu_power_w", "Power per GPU [W]", "none: workload's or rating",
          low=0.001, blank="as it works", group="Job", wide=False),
    Field("required_level", "required_level", "All within one", "must hold", "choice",
          blank="not required", group="Where", wide=False),
    Field("preferred_level", "preferred_level", "Better within one", "only in the score", "choice",
          blank="no matter", group="Where", wide=False),
    Field("gpus_per_node", "gpus_per_node", "GPUs on each node", "exactly so many", low=1,
          blank="any", group="Where", wide=False),
    Field("segment", "segment", "Nodes of a segment", "kept in one rack", low=1,
          blank="any", group="Where", wide=False),
    Field("exclude", "exclude", "Nodes to leave out", "names, with commas between", "text", "",
          group="Where"),
    Field("collective_op", "collective.op", "Exchange", "what its GPUs wait for in every step",
          "choice", blank="the workload's, or none", group="What its GPUs exchange"),
    Field("collective_mb", "collective.bytes", "Size [MB]", "on each GPU", low=0.000001, per=MB,
          blank="of one exchange", group="What its GPUs exchange", wide=False),
    Field("collective_every_s", "collective.per_step_s", "Work between [s]", "of one step",
          low=0.000001, blank="at full pace", group="What its GPUs exchange", wide=False),
    Field("n_minus_1", "n_minus_1", "With a pump or a feed lost", "limits hold at N-1 as well",
          "choice", blank="as the site's file says", group="Answer"),
    Field("max_age_s", "max_age_s", "Oldest data [s]", "else no place", low=0, blank="any age",
          group="Answer", wide=False),
    Field("limit", "limit", "Candidates", "1 to 100", start=5, low=1, high=100, group="Answer",
          wide=False),
)  # fmt: skip
"""All of them, in the order of the form."""

BY_NAME = {field.name: field for field in FIELDS}
STARTS = {field.name: field.start for field in FIELDS}


def field_of(key: str) -> Field | None:
    """Return the field that fills a key of the request, or something within it.

    >>> field_of("collective.bytes").label
    'Size [MB]'
    """
    return next((one for one in FIELDS if key == one.key or key.startswith(one.key + ".")), None)
