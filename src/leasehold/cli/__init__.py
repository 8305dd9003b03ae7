"""The `leasehold` command, one file per command."""
