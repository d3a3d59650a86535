"""The verbs of `tito module`, related ones in one file."""
