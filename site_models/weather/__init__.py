"""Weather files of the places where shipped sites stand."""
