"""The `clary` command."""
