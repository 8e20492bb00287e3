"""The APIs that an initiator calls: B2C, B2B with tax, reversal, status and balance. They share `initiator_calls`."""
