"""What handlers import from `sagemaker_inference`."""
