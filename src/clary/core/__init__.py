"""What every layer speaks: calls, operations, errors, names and times. Standard library only."""
