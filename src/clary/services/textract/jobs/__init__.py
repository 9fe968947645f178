"""Asynchronous work on documents: started once for each token, told piece by piece."""
