"""The product as a whole, as its users run it."""
