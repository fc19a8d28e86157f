LANGUAGES = ("en", "de", "fr", "es", "pt")
