"""Every text can be read on every ground it stands on, in both schemes."""

import pytest

from dashboards.theme import COLOURS, SCALE, Scheme, as_scheme, chart_template, css

GROUNDS = ("ground", "surface", "raised")
TEXTS = ("text", "muted", "accent", "near", "over")


def luminance(colour: str) -> float:
    """Return relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255.0 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_holds_the_contrast_on_every_ground(scheme: Scheme) -> None:
    colours = COLOURS[scheme]
    for text in TEXTS:
        for ground in GROUNDS:
            assert contrast(colours[text], colours[ground]) >= 4.5, (scheme, text, ground)
    assert contrast(colours["on-near"], colours["near-fill"]) >= 4.5
    assert contrast(colours["on-over"], colours["over-fill"]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_bars_stand_out_from_their_ground(scheme: Scheme) -> None:
    colours = COLOURS[scheme]
    for shape in ("series-1", "series-2", "series-3", "fill"):
        assert contrast(colours[shape], colours["surface"]) >= 3.0, (scheme, shape)


def test_the_scale_grows_lighter_all_the_way() -> None:
    lights = [luminance(colour) for colour in SCALE]
    assert lights == sorted(lights)


def test_black_or_white_reads_on_every_colour_of_the_scale() -> None:
    for colour in SCALE:
        assert max(contrast(colour, "#000000"), contrast(colour, "#ffffff")) >= 4.5


def test_both_schemes_name_the_same_colours() -> None:
    assert COLOURS["light"].keys() == COLOURS["dark"].keys()
    assert "--over-fill:" in css()


def test_an_unknown_scheme_is_light() -> None:
    assert as_scheme(None) == as_scheme("sepia") == "light"
    assert chart_template("dark") != chart_template("light")
