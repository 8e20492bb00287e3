"""Customer to business: URLs, payments, and the messages about them. Source: reference 3.3."""
