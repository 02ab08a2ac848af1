"""What flows ask of the world; the edges answer. Nothing here says how.

Outcomes first: what a call returns, what it raises, what is durable when it returns.
"""
