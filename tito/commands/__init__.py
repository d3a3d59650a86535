"""One verb family per file. A command gathers arguments, calls core and shows the result."""
