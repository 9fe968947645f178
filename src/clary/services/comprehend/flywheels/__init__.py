"""Flywheels: models that are trained again with the data that come in."""
