"""IAM: users, groups, roles, keys and policies of the local account."""
