"""Amazon S3: buckets, objects, and what belongs to them."""
