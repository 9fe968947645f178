"""Stored videos and local streams: looked at by jobs, told page by page."""
