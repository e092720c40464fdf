"""Moving jobs: who is held down where they stand, and where they would do better."""
