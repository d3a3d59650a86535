"""The way to the milestone tracker, and one milestone run through it."""
