"""What Textract's asynchronous work runs in processes of its own."""
