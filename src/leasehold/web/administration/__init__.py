"""The administration API over HTTP: `/admin/v1/`."""
