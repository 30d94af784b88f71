"""Text that names records: look-up of names and codes in documents and long text columns, exact and after OCR."""
