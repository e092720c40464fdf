"""This site as an agent on the grid's bus: messages, keys, status."""
