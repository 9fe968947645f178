"""The executors: how a program is started. They do not import one another."""
