"""`python -m leasehold` is the `leasehold` command."""

from leasehold.cli.main import main

main()
