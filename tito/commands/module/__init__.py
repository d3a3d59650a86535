"""The verbs of `tito module`, one family a file."""
