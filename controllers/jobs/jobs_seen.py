"""Which kinds of job a site has been told of, for what learns from them."""

from collections import Counter

NEWS = 1.25
"""They are told anew when they are so many times as many."""


class JobsSeen:
    """A tally of jobs by GPUs and the share of each; jobs that are gone stay in it."""

    def __init__(self) -> None:
        self._tally: Counter[tuple[int, float]] = Counter()
        self._counted, self._at_telling = 0, 0
        self.told: tuple[tuple[int, float, int], ...] = ()
        """GPUs, share of each, how many such jobs. Told anew only when they are a quarter
        more, so that what is learned from them is kept between."""

    def note(self, gpus: int, share: float) -> None:
        """Count a job."""
        self._tally[(gpus, round(share, 2))] += 1
        self._counted += 1
        if self._counted >= NEWS * self._at_telling:
            self.told = tuple((*kind, jobs) for kind, jobs in sorted(self._tally.items()))
            self._at_telling = self._counted
