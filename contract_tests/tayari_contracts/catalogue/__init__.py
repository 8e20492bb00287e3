"""The rules as data, one YAML file for each family, and the reader of them."""
