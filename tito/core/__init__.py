"""The layer below commands and workflows. Nothing here imports a command or exits."""
