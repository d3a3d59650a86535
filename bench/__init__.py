"""Side-by-side measurements of the reference framework and PyTorch. Nothing here is a test."""
