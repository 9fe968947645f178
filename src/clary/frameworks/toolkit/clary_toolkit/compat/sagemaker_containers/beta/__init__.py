"""What handlers import from `sagemaker_containers`."""
