"""Kinds of events: one file each, found by `controllers.event.find_events`."""
