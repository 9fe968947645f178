"""Containers: a small client of the Docker Engine API, and the program that stands for a container on this machine."""
