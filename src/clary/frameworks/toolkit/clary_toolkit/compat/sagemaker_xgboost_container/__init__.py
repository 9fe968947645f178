"""What handlers import from `sagemaker_xgboost_container`."""
