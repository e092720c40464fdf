"""Laws: pure functions of numbers, each with its source and the check that proves it."""
