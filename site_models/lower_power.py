"""Feeds of a site to stages of the power chain, parents before children."""

from site_models.draft import Draft
from site_models.errors import InputError
from site_models.kinds.stage import Stage


def lower_feeds(draft: Draft) -> None:
    """Add every feed, whatever order the file lists them in.

    Raises InputError for an unknown parent or a ring of feeds.
    """
    waiting = {feed.name: (feed, hall) for feed, hall in draft.site.all_feeds()}
    if len(waiting) < len(draft.site.all_feeds()):
        names = [feed.name for feed, _ in draft.site.all_feeds()]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{draft.where}: feeds: feed {twice!r} given twice, expected another")
    for name, (feed, _) in waiting.items():
        if feed.parent and feed.parent not in waiting:
            known = ", ".join(list(waiting)[:8])
            raise InputError(
                f"{draft.where}: feeds.{name}.parent: no feed {feed.parent!r},"
                f" expected one of: {known}"
            )
    while waiting:
        ready = [n for n, (feed, _) in waiting.items() if feed.parent not in waiting]
        if not ready:
            ring = ", ".join(waiting)
            raise InputError(f"{draft.where}: feeds: {ring} feed one another, expected a tree")
        for name in ready:
            feed, hall = waiting.pop(name)
            stage = draft.catalog.get(Stage, feed.stage)
            parent = draft.index["feed", feed.parent] if feed.parent else -1
            fed = parent < 0 or draft.feeds.column("in_service")[parent]
            position = draft.feeds.add(
                name,
                parent=parent,
                rating_w=feed.rating_w,
                loss_fixed=float(stage.loss_fixed),
                loss_linear=float(stage.loss_linear),
                loss_square=float(stage.loss_square),
                air_circuit=draft.air(hall) if feed.indoors and hall else -1,
                in_service=fed and draft.running(name),
            )
            draft.learn("feed", name, position, "feeds")
