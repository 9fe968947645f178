"""AWS wire protocols, made from the service models in botocore; no service name in here."""
