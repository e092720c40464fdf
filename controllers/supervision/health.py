"""What is lost and what is well of the parts that control rests on."""

from controllers.supervision.journal import Entry, Journal


class Health:
    """Remembers the trouble of each part; a change goes into the journal once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._ill: dict[str, str] = {}

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return what is wrong now, one line a part."""
        return tuple(trouble for trouble in self._ill.values() if trouble)

    def note(self, part: str, trouble: str, time_s: float) -> None:
        """Take note of a part; "" when it is well. Journaled when lost, and when recovered."""
        kind, was = trouble.split(":")[0], self._ill.get(part, "").split(":")[0]
        if kind != was:
            what, why = ("lost", trouble) if trouble else ("recovered", f"was: {was}")
            self._journal.write(Entry(time_s, "supervisor", "", f"{part} {what}", why))
        self._ill[part] = trouble

    def forget(self, part: str) -> None:
        """Forget a part's trouble without a word."""
        self._ill.pop(part, None)
