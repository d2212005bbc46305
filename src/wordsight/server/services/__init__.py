"""What the service can do, independent of how it is asked: routes translate, these decide."""
