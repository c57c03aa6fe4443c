"""Plan of a fit: settings, weights, starting surfaces and the search among candidates."""
