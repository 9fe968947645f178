"""How each model that Clary ships was made: data, recipe, scores. Never imported by `src/`."""
