"""What the grid asks of a site, when, and how the site answers."""
