"""The blueprints, one per section of docs/api.md. A view guards, calls the domain and renders."""
