"""Pictures and videos: objects, faces, people's equipment, what a picture shows that not everybody should see.

`contract.py` says what goes in and comes out; `host.load()` makes the object that answers. One file a task.
"""
