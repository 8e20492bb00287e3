"""Load: Locust users who start payments and follow them until they are settled. Speaks HTTP only."""
