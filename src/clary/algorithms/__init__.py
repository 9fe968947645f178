"""SageMaker's built-in algorithms. They read and write folders only, so they run anywhere without the platform."""

ALGORITHMS: dict[str, str] = {
    # repository name of the image -> "module:attribute" of the light half of the algorithm
    "sagemaker-xgboost": "clary.algorithms.xgboost.spec:XGBOOST",
    "xgboost": "clary.algorithms.xgboost.spec:XGBOOST",
}
