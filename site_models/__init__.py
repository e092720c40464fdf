"""What the site is: equipment, places, limits; compiled once to a Plant of flat arrays."""
