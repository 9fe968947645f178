"""Models and mathematics, one folder per family: values in, values out; no AWS word and no storage in here."""

import os

# onnxruntime tells its maker how it is used, and keeps in the user's home what it could not send, unless this stands
# there before its first model opens
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
