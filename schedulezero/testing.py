"""A pytest plugin for sprocket authors: ``pytest_plugins = ["schedulezero.testing"]``.

It provides the fixtures ``guild`` (the real bot in a simulated guild: run a job, schedule one, advance time,
inspect what was posted) and ``bot_settings``. They belong to the bot's package, which this package doesn't
import; this module only names their location.
"""

pytest_plugins = ("bot.testing",)
