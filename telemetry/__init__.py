"""What was measured: signals, frames, recordings, live and replayed sources."""
