"""Training plan, fit and result of a data set."""
