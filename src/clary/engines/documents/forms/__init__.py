"""Forms: names of fields with what was filled in, and check boxes."""

from clary.engines.documents.forms.fields import find_fields, find_key_values

__all__ = ["find_fields", "find_key_values"]
