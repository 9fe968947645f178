"""Hosting: endpoints that run as their records say, their replicas, and the way of a request to one of them."""
