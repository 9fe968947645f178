"""SageMaker's built-in algorithms. They read and write folders only, so they run anywhere without the platform."""
