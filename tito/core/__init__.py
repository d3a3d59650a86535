"""What the commands stand on. Nothing in here imports a command, prints a menu, or exits."""
