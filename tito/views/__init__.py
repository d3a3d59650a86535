"""Pure functions: values in; lines, JSON or a picture out."""
