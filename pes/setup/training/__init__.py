"""From a data set to a training plan, a fit and its result."""
