"""XGBoost as AWS's built-in algorithm: its hyperparameters, files, log lines and answers around the xgboost library."""
