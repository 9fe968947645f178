"""What happens in a shop right now: durable before it is answered, known to the next answer."""
