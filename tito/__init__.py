"""The `tito` tool: init, modules, milestones, doctor, demo. The course itself stands in modules/."""

__version__ = "0.1.0"
