"""What a study found: tables, sentences and charts."""
