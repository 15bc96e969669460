"""Entry point of `python -m evosplit.cli`, the same as `evosplit`."""

from evosplit.cli.main import main

main(prog_name="evosplit")
