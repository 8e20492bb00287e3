"""One module for each rule, in a folder for each family: it plays the situation, and raises a finding if need be."""
