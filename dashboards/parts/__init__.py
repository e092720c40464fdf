"""Pieces that pages share: figures, tables, cards."""
