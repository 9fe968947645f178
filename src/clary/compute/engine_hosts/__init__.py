"""Engine hosts: confined processes that keep the engines' models loaded and answer what services ask."""
