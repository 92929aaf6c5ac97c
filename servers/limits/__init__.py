"""What one client may take from the others: connections, memory, and the rate of its posts."""
