"""How good and how fast texts are read."""
