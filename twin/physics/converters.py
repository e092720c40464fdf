"""Losses of transformers, UPS, rectifiers and power supplies."""

import math

from twin.physics.law import law

LEAST_RATING_W = 1e-6
"""Divided by where there is no stage: over arrays both branches are computed."""


@law
def converter_input_w(
    output_w: float, rating_w: float, fixed: float, linear: float, square: float
) -> float:
    """Return the power into a converter [W].

    `P_in = P_out + a P_r + b P_out + c P_out^2 / P_r`: no-load, proportional and copper
    loss. Output >= 0 [W]; a, b, c are shares of the rating [-]. With rating 0 there is no
    stage. Source: ENGINEERING section 4. Checked by hand values and against its inverse in
    ``tests/twin/physics/test_converters.py``.
    """
    if rating_w <= 0.0:
        return output_w
    relative = output_w / max(rating_w, LEAST_RATING_W)
    return output_w * (1.0 + linear + square * relative) + fixed * rating_w


@law
def converter_output_w(
    input_w: float, rating_w: float, fixed: float, linear: float, square: float
) -> float:
    """Return the power out of a converter whose input is known [W].

    The inverse of :func:`converter_input_w`; 0 when the input does not even cover the
    no-load loss.
    """
    if rating_w <= 0.0:
        return input_w
    after_fixed_w = input_w - fixed * rating_w
    if after_fixed_w <= 0.0:
        return 0.0
    first = 1.0 + linear
    relative = after_fixed_w / max(rating_w, LEAST_RATING_W)
    root = math.sqrt(first * first + 4.0 * square * relative)
    return 2.0 * after_fixed_w / (first + root)
