"""The toolkits of framework containers: the standard library only, and whatever the environment has."""
