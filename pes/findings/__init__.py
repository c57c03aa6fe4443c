"""What is doubtful about labelled points: one file for each family of checks."""
