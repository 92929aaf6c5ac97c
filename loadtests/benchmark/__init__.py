"""What a delivery costs on this lab's servers and clients, beside others."""
