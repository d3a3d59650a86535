"""One verb family a file. A command gathers arguments, calls a workflow, shows what came back."""
