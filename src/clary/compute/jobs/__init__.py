"""Jobs: the queue and its scheduler, the table of their lives, and the supervisor that looks after each."""
