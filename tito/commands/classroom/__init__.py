"""The verbs of `tito class`, for those who teach the course."""
