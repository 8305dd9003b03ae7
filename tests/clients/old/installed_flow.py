"""A program on a person's machine in 2016, with the flow that oauth2client has for such programs.

    installed_flow.py CLIENT_SECRETS STORAGE SCOPE PKCE [FLAG ...]

PKCE is `pkce` or `none`; the flags are those of oauth2client's `tools`.
"""

import argparse
import sys

from oauth2client import tools  # type: ignore[import-not-found]  # of the old environment
from oauth2client.client import flow_from_clientsecrets  # type: ignore[import-not-found]  # of the old environment
from oauth2client.file import Storage  # type: ignore[import-not-found]  # of the old environment

secrets, storage_path, scope, pkce = sys.argv[1:5]
flow = flow_from_clientsecrets(secrets, scope, pkce=pkce == "pkce")
flags = argparse.ArgumentParser(parents=[tools.argparser]).parse_args(sys.argv[5:])
tools.run_flow(flow, Storage(storage_path), flags)
