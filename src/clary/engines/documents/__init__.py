"""Documents become words, lines, tables, fields and answers."""
