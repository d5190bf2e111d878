"""What is run, compared and found."""
