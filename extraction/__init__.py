"""What data says: readers, NLP, rows to statements."""
