"""The pages of the service for browsers: rendered here from the same services that the API uses."""
