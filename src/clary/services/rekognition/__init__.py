"""Rekognition: pictures and videos become labels, faces, text, moderation, and the user's own labels."""
