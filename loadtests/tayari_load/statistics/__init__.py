"""What a load run adds up, mergeable across workers. It imports nothing else of `tayari_load`."""
