"""Messages that operators write to many: to whom, how far they have got, and that nothing of it is lost."""
