"""Custom Labels: projects, data sets, models that learn from users' pictures and answer."""
