"""Files of others as tables: logs, tariffs, weather, requests."""
