"""Pictures of a network at work, drawn with a terminal's characters."""
