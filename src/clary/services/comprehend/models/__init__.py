"""The users' own classifiers and recognizers: trained, imported, shared, answering."""
