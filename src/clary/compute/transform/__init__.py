"""Batch transform: objects go through a served model, request by request, and come out as objects."""
