"""The folder a student works in, the course, and the files that both have."""
