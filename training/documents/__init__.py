"""How the document engines' own weights were made."""
