"""What runs in processes of its own: imports, trainings, batches, and the programs that answer for campaigns."""
