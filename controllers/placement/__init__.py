"""Where to put work: places found, limits kept, heat and network predicted, offers scored."""
