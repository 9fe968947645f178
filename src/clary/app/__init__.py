"""Settings, the one place where the parts are joined, and the life cycle of a running Clary."""
