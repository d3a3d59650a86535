"""What `tito watch` listens to: saved files, single keys, and a child that is ready to test."""
