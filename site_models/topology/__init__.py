"""Topologies as schedulers and hosts state them."""
