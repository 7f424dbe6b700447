"""One module for each verb or small group; each has `register(app)` and is loaded only when its verb is asked for."""
