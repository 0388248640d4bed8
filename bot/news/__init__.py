"""News about access: feeds are read, kept, and linked where they explain an answer."""
