"""A lesson: its text, cells, tasks and exported names, its file, and its hints."""
