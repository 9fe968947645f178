"""The language of filter expressions: tokens, grammar, checks against schemas. Pure; errors tell the position."""
