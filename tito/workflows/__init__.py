"""What each command does, as a visible list of named steps. Nothing here prints."""
