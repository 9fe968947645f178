"""The AWS services: one folder per product family, one class per AWS resource."""
