"""What people are told of their own accord: who wants what, what is news to whom, and in which words."""
