"""Elastic Container Registry: repositories, images, and the registry that `docker push` and `docker pull` speak to."""
