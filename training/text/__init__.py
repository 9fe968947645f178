"""How the models of the text engine were made."""
