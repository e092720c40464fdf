"""An answer as commands to paste: ask again over HTTP, or submit the job to where it may go."""

import json
import math
import shlex
from collections import Counter
from typing import Any

from controllers.placement.models import Advice, Request
from dashboards.index import Index


def as_curl(request: Request, origin: str, token: bool = False) -> str:
    """Return the command that asks the same over HTTP; with `token`, whose caller needs one.

    The token itself is not known here: it stands in the caller's variable TWIN_TOKEN.
    """
    asked = request.model_dump(exclude_defaults=True)
    body = json.dumps({key: _plain(value) for key, value in asked.items()})
    quoted = body.replace("'", "'\\''")
    shown = '  -H "Authorization: Bearer $TWIN_TOKEN" \\\n' if token else ""
    return (
        f"curl -s {origin}/api/v1/placement \\\n{shown}"
        f"  -H 'Content-Type: application/json' \\\n  -d '{quoted}'"
    )


def _plain(value: Any) -> Any:
    """Return a whole number as people write it: 16, not 16.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_sbatch(index: Index, request: Request, advice: Advice) -> str:
    """Return the Slurm submission of the job onto one place; the script is the user's own.

    Time is in whole minutes. Nodes that give unequal numbers of GPUs are asked for in all.
    """
    of_gpu = index.plant.arrays.gpus.node
    count = Counter(int(of_gpu[index.gpu[name]]) for name in advice.gpus)
    each = set(count.values())
    gpus = f"--gpus-per-node={each.pop()}" if len(each) == 1 else f"--gpus={len(advice.gpus)}"
    minutes = max(1, math.ceil(request.duration_s / 60.0))
    words = [
        f"--job-name={shlex.quote(request.job)}",
        f"--nodes={len(advice.nodes)}",
        gpus,
        f"--time={minutes}",
    ]
    return f"sbatch {' '.join(words)} \\\n  --nodelist={shlex.quote(','.join(advice.nodes))} job.sh"
