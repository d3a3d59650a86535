"""Running a module's tests in a child process, and reading the results."""
