"""The APIs described once more, as OpenAPI 3.1: for other tools, and as pages for people."""
