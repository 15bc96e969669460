"""`python -m cli`: the same as `evosplit`."""

from cli.main import main

main(prog_name="evosplit")
