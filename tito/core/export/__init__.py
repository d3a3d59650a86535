"""From lessons to `tinytorch/`: what is exported, how it is written, whether it is stale."""
