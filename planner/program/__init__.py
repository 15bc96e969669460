"""Integer program, and the solvers that prove its optimum."""
