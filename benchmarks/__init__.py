"""Speed and evidence. Some of it uses the imitations of devices that the tests have."""

import sys
from pathlib import Path

_CHECKOUT = str(Path(__file__).parents[1])
if _CHECKOUT not in sys.path:  # the command finds the rooms, but not the tests beside them
    sys.path.append(_CHECKOUT)
