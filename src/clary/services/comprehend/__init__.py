"""Amazon Comprehend: what texts say, feel and name, and the users' own classes and entities."""
