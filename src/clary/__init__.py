"""Clary: the AWS machine-learning stack on machines you own."""
