"""Where state lives: records, objects, logs and metrics, identities. Nothing here knows HTTP or an AWS operation."""
