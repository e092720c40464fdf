"""Kinds of equipment become primitives: arrays of racks, water, power, fabric."""
