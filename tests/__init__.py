"""What is imported first, so that all that follows is kept compiled (`tests.bytecode`)."""

from tests.bytecode import keep_compiled

keep_compiled()
