"""A lesson: its text, cells, tasks and exported names, the file it is read from, and its hints."""
