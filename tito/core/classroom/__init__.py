"""A class: its settings, roster, submissions and results, as plain files in one folder."""
