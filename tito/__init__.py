"""The `tito` tool: the course's command line. It is not the framework (that is `tinytorch/`)."""

__version__ = "0.1.0"
FRAMEWORK = "tinytorch"  # the package that lessons are exported into
