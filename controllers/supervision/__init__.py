"""Who lets a decision out: modes, holds, clamps, rates, the journal, and what devices confirm."""
