"""One run of a module's tests in a child process, and what is concluded from it."""
