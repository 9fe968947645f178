"""Forking: a server with the heavy libraries loaded gives birth to programs, confined from their first line."""
