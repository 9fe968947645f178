"""Amazon SageMaker: training jobs, models, endpoints, tags and search, one class per AWS resource."""
