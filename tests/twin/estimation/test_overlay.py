"""Overlays: strict files that change a plant's figures and nothing of its kind."""

from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from site_models.plant import Plant
from twin.estimation.overlay import (
    Estimate,
    Overlay,
    applied,
    overlay_schema,
    read_overlay,
    write_overlay,
)

HASH = "0" * 64


def overlay(plant: Plant, **parameters: dict[str, float]) -> Overlay:
    return Overlay(
        recording_sha256=HASH,
        site=plant.site,
        parameters={
            name: {who: Estimate(value=value, std=0.0) for who, value in values.items()}
            for name, values in parameters.items()
        },
    )


def test_what_is_written_reads_back_equal(hgx: Plant, tmp_path: Path) -> None:
    written = overlay(hgx, fan_band_k={"node0": 1e5}, die_resistance_k_per_w={"gpu1": 1.25e-4})
    write_overlay(tmp_path / "o.yaml", written)
    assert read_overlay(tmp_path / "o.yaml") == written


def test_only_named_gpus_change_and_arrays_stay_of_their_kind(hgx: Plant) -> None:
    laid = applied(
        hgx,
        overlay(
            hgx,
            body_resistance_k_per_w={"gpu2": 0.05},
            upstream={"gpu0": 1.0},
            fan_lag_s={"node0": 60.0},
        ),
    )
    old, new = hgx.arrays, laid.arrays
    resistance = new.groups.body_resistance_k_per_w[new.gpus.group]
    before = old.groups.body_resistance_k_per_w[old.gpus.group]
    assert resistance[2] == 0.05
    np.testing.assert_array_equal(np.delete(resistance, 2), np.delete(before, 2))
    assert new.gpus.upstream[0]
    assert new.nodes.fan_lag_s[0] == 60.0
    for block_old, block_new in zip(old, new, strict=True):
        for a, b in zip(block_old, block_new, strict=True):
            assert (a.dtype, a.flags.writeable, a.flags.c_contiguous) == (
                b.dtype,
                b.flags.writeable,
                b.flags.c_contiguous,
            )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("site: x", "recording_sha256"),
        ("recording_sha256: short\nsite: x\nparameters: {}", "recording_sha256"),
        (f"recording_sha256: '{HASH}'\nsite: x\nparameters: {{color: {{}}}}", "color"),
        (
            f"recording_sha256: '{HASH}'\nsite: x\n"
            "parameters: {fan_lag_s: {node0: {value: -1, std: 0}}}",
            "fan_lag_s.node0.value",
        ),
        (
            f"recording_sha256: '{HASH}'\nsite: x\n"
            "parameters: {fan_lag_s: {node0: {value: 1, std: 0, unit: s}}}",
            "unit",
        ),
    ],
)
def test_a_bad_file_is_told_in_one_line_with_file_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "o.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as complaint:
        read_overlay(path)
    message = str(complaint.value)
    assert str(path) in message
    assert said in message
    assert "\n" not in message


def test_strangers_and_other_sites_are_refused(hgx: Plant) -> None:
    with pytest.raises(InputError, match="node9"):
        applied(hgx, overlay(hgx, fan_lag_s={"node9": 5.0}))
    other = overlay(hgx).model_copy(update={"site": "pilot"})
    with pytest.raises(InputError, match="pilot"):
        applied(hgx, other)


def test_the_schema_is_published() -> None:
    assert overlay_schema()["additionalProperties"] is False
