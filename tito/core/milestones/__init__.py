"""Access to the milestone tracker, and running one milestone."""
