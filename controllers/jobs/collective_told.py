"""What the GPUs of a job exchange, as its scheduler tells it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Operation = Literal[
    "all_reduce",
    "all_gather",
    "reduce_scatter",
    "alltoall",
    "broadcast",
    "reduce",
    "sendrecv",
]
"""Collectives by the names of nccl-tests."""
AS_TOLD = {"reduce": "broadcast"}
"""A reduction to one GPU moves what a broadcast from it does, the other way."""


class Collective(BaseModel):
    """The collective that a step of the job waits for."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    op: Operation
    bytes: float = Field(gt=0, description="Message size on each GPU [B]")
    per_step_s: float = Field(gt=0, description="Compute time between two of them [s]")
