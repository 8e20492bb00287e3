"""What other tools read of the simulator: OpenAPI and Postman documents, its provenance, and its journal as HAR."""
