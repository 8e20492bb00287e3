"""A target file to start from: proposed from a merchant's source or from its traffic. It may import `tayari_target`."""
