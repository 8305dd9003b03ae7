"""The developer console: one file per group of pages, all on the foundation in shell.py."""
