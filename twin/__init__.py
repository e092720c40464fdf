"""What we believe: physics that carries the state of the site from one instant to the next."""
