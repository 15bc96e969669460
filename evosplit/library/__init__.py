"""The library behind `import evosplit`: what the command has, as functions from values to values."""
