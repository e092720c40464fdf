"""One file per foreign log format; each turns a log into readings in SI units."""
