"""The command `evosplit` of the Debian package, which has its packages in a folder of its own."""

import os
import sys

SITE = "/usr/lib/evosplit/site"
os.environ["PYTHONPATH"] = SITE
sys.path[0] = SITE

from evosplit.cli.main import main  # noqa: E402 - it is found from here on

main()
