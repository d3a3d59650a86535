"""What each command does, step by step. Nothing here prints."""
