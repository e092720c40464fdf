"""A workload: the phases of its step, what each asks of a GPU, and what the GPUs exchange."""

from typing import Literal

from pydantic import Field, model_validator

from site_models.figure import Equipment, NotNegative, Positive, Share

Group = Literal["tensor", "pipeline", "expert", "data"]
Work = Literal[
    "pretraining", "finetuning", "inference", "prefill", "decode",
    "data_preparation", "checkpointing", "idle",
]  # fmt: skip


class Traffic(Equipment):
    """Equal operations that every group of GPUs of one kind runs within a phase."""

    op: Literal["all_reduce", "all_gather", "reduce_scatter", "alltoall", "broadcast", "sendrecv"]
    group: Group
    size_bytes: Positive
    """Buffer of one operation, the total of a rank as nccl-tests counts it."""
    count: Positive
    """Operations in one phase."""
    hidden: Share
    """Part of the phase's own work that they may run behind."""


class Phase(Equipment):
    """A stretch of a step. It lasts as long as the longest of its three kinds of work."""

    name: str
    compute_flop: NotNegative | None = None
    """Of each GPU."""
    compute_s: NotNegative | None = None
    """At full clock, in place of `compute_flop` where only durations are known."""
    memory_bytes: NotNegative | None = None
    """Read and written by each GPU."""
    fixed_s: NotNegative | None = None
    """Host, storage, waiting for requests: follows no clock."""
    power_share: Share
    """Of the span from idle power to power limit, while the GPU works at full clock."""
    sm_active: Share
    traffic: tuple[Traffic, ...] = ()

    @model_validator(mode="after")
    def _some_work(self) -> "Phase":
        if self.compute_flop is not None and self.compute_s is not None:
            raise ValueError("expected one of compute_flop, compute_s")
        asked = (self.compute_flop, self.compute_s, self.memory_bytes, self.fixed_s)
        if not any(figure is not None and float(figure) > 0.0 for figure in asked):
            raise ValueError("expected compute_flop, compute_s, memory_bytes or fixed_s above 0")
        return self


class Workload(Equipment):
    """A profile that a job names. A replica is `tensor` x `pipeline` GPUs."""

    kind: Literal["workload"]
    label: str
    work: Work
    unit: Literal["token", "sample", "byte", "none"]
    tensor: int = Field(default=1, ge=1)
    pipeline: int = Field(default=1, ge=1)
    expert: int = Field(default=1, ge=1)
    """Replicas whose GPUs hold the experts of one model between them."""
    microbatches: int = Field(default=1, ge=1)
    """Of one step; a pipeline idles (pipeline - 1) / microbatches of its work."""
    together: Literal["job", "replica", "gpu"]
    """Who runs at the pace of its slowest: all GPUs, those of a replica, each alone."""
    units_per_step: NotNegative
    """Tokens, samples or bytes of one replica."""
    compute_share: Share | None = None
    """Part of the GPU's arithmetic rate that its kernels reach."""
    memory_share: Share | None = None
    """Part of its memory rate."""
    core_share: Share
    """Part of the power above idle that follows the clock."""
    wait_power_share: Share
    """Of the span from idle to limit while a GPU waits for others or for the network."""
    checkpoint_every_s: Positive | None = None
    checkpoint_s: NotNegative | None = None
    """How long the job stands for one."""
    restart_s: NotNegative | None = None
    """Until a job that lost a GPU runs again."""
    phases: tuple[Phase, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> "Workload":
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise ValueError("phases: expected different names")
        if (self.checkpoint_every_s is None) != (self.checkpoint_s is None):
            raise ValueError("checkpoint_every_s, checkpoint_s: expected both or neither")
        if any(phase.compute_flop is not None for phase in self.phases):
            _reached(self.compute_share, "compute_share", "compute_flop")
        if any(phase.memory_bytes is not None for phase in self.phases):
            _reached(self.memory_share, "memory_share", "memory_bytes")
        return self


def _reached(share: Share | None, key: str, work: str) -> None:
    if share is None or float(share) == 0.0:
        raise ValueError(f"{key}: expected a share above 0, since a phase states {work}")


MODEL = Workload
