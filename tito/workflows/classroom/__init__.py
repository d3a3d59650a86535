"""What a teacher does with a class, as functions that return values."""
