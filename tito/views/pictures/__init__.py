"""Pictures of a network at work, drawn with characters."""
