"""What a teacher is shown of a class."""
