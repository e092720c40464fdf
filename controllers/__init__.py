"""What we do about it: the loop, policies, supervision, placement."""
