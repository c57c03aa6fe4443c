"""What a fit has come to: its record, tables, doubtful points and how it ended."""
