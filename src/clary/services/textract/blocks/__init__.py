"""What was read and understood, in the shapes of Textract's answers."""
