"""Several policies at once: the lowest cap wins, and the reason says whose it is."""

from collections.abc import Sequence

import numpy as np

from controllers.policy import Decision
from site_models.arrays import Floats


def lowest(asked: Sequence[tuple[str, Decision]], default_cap_w: Floats) -> Decision:
    """Return the lowest cap of each GPU over all policies, and the default if none asked.

    The reason names each policy whose cap lies below the default somewhere, with the number
    of GPUs that it holds; on a tie the earlier policy of the stack is named.
    """
    cap_w, owner = default_cap_w.copy(), np.full(len(default_cap_w), -1)
    for i, (_, decision) in enumerate(asked):
        lower = decision.gpu_cap_w < cap_w
        cap_w = np.where(lower, decision.gpu_cap_w, cap_w)
        owner[lower] = i
    parts = [
        f"{name} ({held} GPUs): {decision.reason}"
        for i, (name, decision) in enumerate(asked)
        if (held := int(np.count_nonzero(owner == i)))
    ]
    if not parts:
        return Decision(cap_w, "device defaults" if asked else "no policy")
    return Decision(cap_w, "; ".join(parts))
