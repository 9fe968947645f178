"""The inference toolkit: serves a user's handlers, or a framework's own, over HTTP on a Unix socket."""
