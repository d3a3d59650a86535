"""The folder a student works in, the course it was made from, and the files that both have."""
