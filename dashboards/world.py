"""What the server is given: a plant and a stream of snapshots that paces itself."""

from collections.abc import Iterator
from typing import Protocol

from controllers.jobs.allocations import Allocations
from controllers.jobs.assigned import Assigned
from controllers.jobs.job_account import JobAccount
from controllers.live import Live
from controllers.snapshot import Snapshot
from controllers.supervision.supervisor import Supervisor
from controllers.surroundings import Surroundings
from site_models.plant import Plant


class World(Protocol):
    """A site that runs, whatever its frames come from."""

    @property
    def plant(self) -> Plant:
        """Return the compiled site."""

    @property
    def zone(self) -> str:
        """Return the site's time zone, an IANA name."""

    @property
    def allocations(self) -> Allocations:
        """Return what runs where."""

    @property
    def supervisor(self) -> Supervisor:
        """Return the keeper of policy modes, parameters and the journal."""

    @property
    def around(self) -> Surroundings:
        """Return what policies are told beside the plant, targets of the grid among it."""

    @property
    def live(self) -> Live | None:
        """Return the live sources; None where nothing is live."""

    @property
    def job_records(self) -> tuple[JobAccount, ...]:
        """Return the records of jobs that the world itself plays."""

    @property
    def played(self) -> tuple[Assigned, ...]:
        """Return those of them that run now."""

    def snapshots(self) -> Iterator[Snapshot]:
        """Yield one snapshot per tick until the source ends."""
