"""The example's site, as built and with smaller distribution units."""

from pathlib import Path

from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.repeat import expanded
from site_models.site import Site
from site_models.yaml_file import read_yaml

SITE = Path(__file__).parent / "site.yaml"


def example(pdu_w: float | None = None) -> Plant:
    """Return the plant; with `pdu_w` its distribution units and their breakers rated so."""
    raw = expanded(read_yaml(SITE), str(SITE))
    for feed in (*raw["feeds"], *raw["halls"][0]["feeds"]):
        if pdu_w is not None and feed["name"].startswith("pdu"):
            feed["rating_w"] = pdu_w
            feed["oversubscribed"] = True
    return compile_site(Site.model_validate(raw))
