"""Water and air: loops, networks, exchangers, chillers, towers."""
