"""What a derivative costs, as a ratio to the plain function in the same run."""
