"""Amazon CloudWatch Logs: groups, streams, events, and the search through them."""
