"""Stage of the power chain: transformer, UPS, distribution unit, busway."""

from typing import Literal

from site_models.figure import Equipment, NotNegative


class Stage(Equipment):
    """A stage model: P_in = P_out + a P_r + b P_out + c P_out^2 / P_r.

    The rating P_r is the site's, since one model comes in many sizes.
    """

    kind: Literal["stage"]
    label: str
    loss_fixed: NotNegative
    loss_linear: NotNegative
    loss_square: NotNegative


MODEL = Stage
