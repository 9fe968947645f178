"""Running the work: jobs with their supervisors, executors, and the hosting of endpoints."""
