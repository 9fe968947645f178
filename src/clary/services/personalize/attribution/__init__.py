"""Metric attributions: what recommendations led to, told as metrics in CloudWatch and as reports in S3."""
