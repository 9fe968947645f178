"""The members of the blend: each gives every item a score for one user's recent items."""
