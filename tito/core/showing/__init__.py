"""A network that reads drawings: strokes as pixels, and the process in which it runs."""
