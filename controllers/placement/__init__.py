"""Where to put work: places found, limits kept, heat and network predicted, offers scored."""

from controllers.placement.rank import advise, rank, rank_all

__all__ = ["advise", "rank", "rank_all"]
