"""Amazon CloudWatch metrics: what is measured, its statistics, and arithmetic over them."""
