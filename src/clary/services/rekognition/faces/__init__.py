"""Collections of faces and users: kept, indexed, searched."""
