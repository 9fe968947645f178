"""Amazon Textract: documents become text, tables, fields and answers."""
