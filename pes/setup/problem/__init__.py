"""Problem whose levels are computed: coordinates, ranges, bases and limits on products."""
