"""A pytest plugin for those who write sprockets: ``pytest_plugins = ["schedulezero.testing"]``.

It brings the fixtures ``guild`` (the real bot in a simulated guild: run a job, schedule one, move time on,
see what was posted) and ``bot_settings``. They live with the bot, which this package does not know; so this
module only names where.
"""

pytest_plugins = ("bot.testing",)
