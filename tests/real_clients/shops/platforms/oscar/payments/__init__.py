"""What M-Pesa says about orders."""
