"""Pictures of every page for docs/pictures, of a real gateway with scripted agents."""
