"""Line lists: lines, lifetimes, bands and their files."""
