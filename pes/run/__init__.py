"""What the commands do: configuration in, one folder out."""
