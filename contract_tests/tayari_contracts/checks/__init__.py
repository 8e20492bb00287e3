"""One module for each rule: it plays the situation and raises a finding unless the rule was kept."""
