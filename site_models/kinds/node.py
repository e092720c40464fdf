"""Server, compute tray or switch tray."""

from typing import Literal

from pydantic import model_validator

from site_models.figure import Equipment, Figure, NotNegative, Positive, Share


class SupplyLoss(Equipment):
    """Loss of a converter: P_in = P_out + a P_r + b P_out + c P_out^2 / P_r."""

    rating_w: Positive
    loss_fixed: NotNegative
    loss_linear: NotNegative
    loss_square: NotNegative


class Node(Equipment):
    """A node model. What GPUs and fans do not draw is `base` plus a share of GPU power."""

    kind: Literal["node"]
    label: str
    gpu: str = ""
    """Catalog key of the GPU model; empty: none."""
    gpu_count: int = 0
    cooling: Literal["air", "liquid"]
    """Of the GPUs."""
    upstream: tuple[bool, ...] = ()
    """Per GPU: breathes the node's inlet directly. Empty: all do."""
    base_power_w: NotNegative
    load_power_per_gpu_w: NotNegative
    power_max_w: Positive
    """Rating at the power inlet."""
    liquid_share: Share
    airflow_rated_m3_per_s: Positive
    """At full fan speed."""
    fan_power_max_w: NotNegative
    fan_speed_min: Share
    fan_target_c: Figure
    supply: SupplyLoss | None = None
    """None: fed from the rack's bus bar."""
    height_m: Positive
    nvlink_domain: Literal["node", "rack"] = "node"

    @model_validator(mode="after")
    def _positions(self) -> "Node":
        if self.gpu_count < 0:
            raise ValueError("gpu_count: expected 0 or more")
        if bool(self.gpu) != (self.gpu_count > 0):
            raise ValueError("gpu, gpu_count: expected both or neither")
        if self.upstream and len(self.upstream) != self.gpu_count:
            raise ValueError(f"upstream: expected {self.gpu_count} entries, one a GPU")
        return self


MODEL = Node
