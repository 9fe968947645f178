"""What scripts import from `sagemaker_training`."""
