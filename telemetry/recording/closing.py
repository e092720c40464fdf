"""What is written until a `with` statement ends, well or not."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """Closes at the end of a `with` statement; after an error it keeps what there is."""

    @abstractmethod
    def close(self) -> None:
        """End cleanly."""

    @abstractmethod
    def keep(self) -> None:
        """End after an error: keep what was recorded, and nothing if nothing was."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close, or keep what there is."""
        if error is None:
            self.close()
        else:
            self.keep()
