"""The commands: each reads a configuration and writes one folder."""

import os

# Read by torch when it is imported. Its warnings about a rank that is gone are pages of C++.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
