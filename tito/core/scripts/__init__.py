"""PyTorch scripts on the student's own framework: what they use, and the child that runs them."""
