"""Amazon Personalize: data sets, solutions, campaigns, recommenders, events and their answers."""
