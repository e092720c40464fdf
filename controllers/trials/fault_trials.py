"""A fault on the pilot under several keepers: what the fault experiments have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from controllers.experiment import (
    Curve,
    Experiment,
    Finding,
    Outcome,
    Plot,
    Setting,
    at_least,
    at_most,
)
from controllers.policies.loop_guard import LoopGuard
from controllers.policies.thermal_guard import ThermalGuard
from controllers.policy import Policy
from controllers.trials.simple_rules import HalveWhenHot
from controllers.trials.trials import Trial, trial
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.site import Site, load_site

START = "2024-07-12T19:00:00Z"
EVENT_S = 60.0
JOBS: tuple[Mapping[str, Any], ...] = (
    {"name": "train-1", "racks": ["a1", "a2", "a3", "a4"], "profile": "pretraining"},
    {"name": "train-2", "racks": ["a5", "a6", "a7", "a8"], "profile": "pretraining"},
    {"name": "air-cooled", "racks": ["b*"], "share": 0.85},
)
"""The liquid-cooled racks train; lost work is counted in their tokens."""

GUARDS: Mapping[str, Policy] = {"loop_guard": LoopGuard(), "thermal_guard": ThermalGuard()}
OFF_THE_PAGE_C = 130.0
"""Curves of careless devices are cut here, far above any limit."""

Keepers = Mapping[str, tuple[Mapping[str, Policy], bool]]
"""Name -> policies, and whether devices act on their own temperature."""

KEEPERS: Keepers = {
    "do nothing, careless devices": ({}, False),
    "devices' own control": ({}, True),
    "half power above 85 C": ({"halve": HalveWhenHot()}, True),
}
OURS, CARELESS = "ours", "ours, careless devices"
FOR_GOOD_S = 1e6
DURATION_S = 240.0
REACTION_S = 5.0
"""In which our caps shall fall."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What one fault experiment differs from the others by."""

    name: str
    title: str
    called: str
    """The event in a word: `trip`."""
    event: Mapping[str, Any]
    """As in a scenario, without its time and length."""
    length_key: str
    """Key of the event that says how long the fault lasts."""
    length_s: float
    """Of the fault that all keepers are run through."""
    lengths_s: tuple[float, ...]
    """Rising lengths to find each keeper's grace by."""
    quick_s: tuple[float, ...]
    """The same for `--quick`."""
    note: str

    def events(self, length_s: float) -> tuple[Mapping[str, Any], ...]:
        """Return the events of the scenario with a fault of a length."""
        return ({"at_s": EVENT_S, **self.event, self.length_key: length_s},)


PROTOCOL = (
    "Two pretraining jobs of 288 GB200 GPUs each on the eight liquid-cooled racks of the pilot, a"
    " hot July afternoon; the fault comes after 60 s. No chance is involved: one run each.",
    "Careless devices keep their power at any temperature: they show what policies alone prevent."
    " Devices' own control lowers clocks at the limit and turns a GPU off at its shutdown"
    " temperature; ours runs on top of it.",
    "Work lost counts tokens of the run against a run without the fault; what a job redoes since"
    " its last checkpoint is lost.",
)


def fault_experiment(fault: Fault) -> Experiment:
    """Return the experiment of a fault."""
    return Experiment(fault.title, partial(_run, fault))


def _run(fault: Fault, setting: Setting) -> Outcome:
    """Run the fault under every keeper, and with other lengths to find the grace.

    The grace of a keeper is the longest fault that it brings every GPU through.
    """
    setting.only(fault.name, "site")
    site_name = setting.site or "pilot"
    site, plant = load_site(site_name), compile_site(site_name)
    whole = trial(_scenario(site_name, ()), site, plant, {})
    keepers = {**KEEPERS, OURS: (GUARDS, True), CARELESS: (GUARDS, False)}
    runs: dict[str, Trial] = {}
    for keeper, (policies, careful) in keepers.items():
        setting.told(f"{fault.name}: {keeper}")
        raw = _scenario(site_name, fault.events(fault.length_s))
        runs[keeper] = trial(raw, site, plant, policies, careful)
    figures = {key: run.figures(whole.units) for key, run in runs.items()}
    lengths_s = fault.quick_s if setting.quick else fault.lengths_s
    for keeper in ("devices' own control", "half power above 85 C", OURS):
        setting.told(f"{fault.name}: grace of {keeper}")
        survived_s = _grace_s(site_name, site, plant, keepers[keeper][0], fault, lengths_s)
        figures[keeper]["longest_fault_survived_s"] = survived_s
    return Outcome(
        name=fault.name,
        baseline={key: value for key, value in figures.items() if not key.startswith("ours")},
        ours={key: value for key, value in figures.items() if key.startswith("ours")},
        findings=_findings(fault, runs),
        plots=_plots(plant, runs),
        notes=(*PROTOCOL, fault.note),
    )


def _findings(fault: Fault, runs: Mapping[str, Trial]) -> tuple[Finding, ...]:
    return (
        at_least(
            "GPUs past shutdown temperature, careless devices without the guard",
            runs["do nothing, careless devices"].past_shutdown, 1, "",
        ),
        at_most(
            "GPUs past shutdown temperature, careless devices with the guard",
            runs[CARELESS].past_shutdown, 0, "",
        ),
        at_most("GPUs past shutdown temperature, ours", runs[OURS].past_shutdown, 0, ""),
        at_most(f"reaction after the {fault.called}", runs[OURS].reaction_s, REACTION_S, "s"),
    )  # fmt: skip


def _scenario(site: str, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "site": site,
        "start": START,
        "duration_s": DURATION_S,
        "jobs": [dict(job) for job in JOBS],
        "events": [dict(event) for event in events],
    }


def _grace_s(
    name: str,
    site: Site,
    plant: Plant,
    policies: Mapping[str, Policy],
    fault: Fault,
    lengths_s: Sequence[float],
) -> float:
    """Return the longest fault without a GPU or rack lost; 0 if none of them."""
    survived_s = 0.0
    for length_s in lengths_s:
        run = trial(_scenario(name, fault.events(length_s)), site, plant, policies)
        if run.shut_down or run.racks_off:
            break
        survived_s = length_s
    return survived_s


def _plots(plant: Plant, runs: Mapping[str, Trial]) -> tuple[Plot, ...]:
    shown = {key: run for key, run in runs.items() if key != CARELESS}
    gpus = plant.arrays.gpus
    limits = {
        "shutdown": float(gpus.shutdown_c.max()),
        "slowdown limit": float(gpus.temp_limit_c.max()),
    }
    return (
        Plot(
            "Hottest GPU of the site", "time since the fault [s]", "temperature [C]",
            tuple(
                Curve(key, run.time_s, np.minimum(run.hottest_c, OFF_THE_PAGE_C))
                for key, run in shown.items()
            ),
            limits,
        ),
        Plot(
            "Power of the site", "time since the fault [s]", "power [kW]",
            tuple(Curve(key, run.time_s, run.site_power_w / 1e3) for key, run in shown.items()),
        ),
    )  # fmt: skip
