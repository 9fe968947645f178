"""The framework containers of SageMaker as environments of this machine: which image means which, how each is built,
and the toolkits that run a user's training script and serving functions in them.
"""
