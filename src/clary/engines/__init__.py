"""Models and mathematics, one folder per family: values in, values out; no AWS word and no storage in here."""
