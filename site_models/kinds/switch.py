"""Network switch of the scale-out fabric."""

from typing import Literal

from site_models.figure import Equipment, Positive


class Switch(Equipment):
    """A switch model."""

    kind: Literal["switch"]
    label: str
    ports: int
    port_bytes_per_s: Positive
    """Per direction."""
    latency_s: Positive | None = None
    power_typical_w: Positive | None = None
    power_max_w: Positive | None = None


MODEL = Switch
