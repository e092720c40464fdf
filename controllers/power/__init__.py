"""Sharing power: trees of feeds and breakers, worth of a watt, caps that fill a tree."""
