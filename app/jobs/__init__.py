"""Long work in its own process: encoding now, training later."""
