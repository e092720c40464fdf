"""Cooling by need against fixed setpoints and trim and respond, a hot and a cool week."""

from controllers.experiment import Experiment, Outcome, Setting
from controllers.experiments.coolant_reset.findings import findings
from controllers.experiments.coolant_reset.notes import notes
from controllers.experiments.coolant_reset.tables import columns, plots
from controllers.experiments.coolant_reset.trials import SITES, trials


def run(setting: Setting) -> Outcome:
    """Return what each policy used on each site in each week, and what was asked of ours.

    `--site` takes one of the two sites or another one; `--weather` another year.
    """
    setting.only("coolant_reset", "site", "weather")
    sites = (setting.site,) if setting.site else SITES
    done = trials(sites, setting)
    baseline, ours = columns(done)
    return Outcome(
        "coolant_reset", baseline, ours, tuple(findings(done)), plots(done), notes(done, setting)
    )


EXPERIMENT = Experiment(
    "Cooling by need against fixed setpoints and trim and respond, on a hot and a cool week", run
)
